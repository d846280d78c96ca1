//! Caller assertions: what the gateway says to a service about a request, signed, in the header `x-jetway-assertion`.
//!
//! A JWT of thirty seconds that names the caller (or nobody), the service, the method, and path and query as sent. A service
//! that verifies it need not believe bare headers, whoever else can reach it. The keys are of their own purpose: an access
//! token is never signed with one, an assertion never with another, and the header `typ` says which it is; so neither can be
//! shown in place of the other. docs/assertion.md is the contract.
//!
//! The caller is an [`Identity`](crate::tokens::Identity), which only a verified token makes: no assertion speaks for somebody who
//! did not prove who they are.

mod asserter;
mod claims;
mod key;
mod memory;
mod mode;
mod shared;

pub use asserter::{Asserter, KeySource, KnownKey, Subject, set_assertion};
pub use claims::{AssertionClaims, LIFETIME, MAX_TARGET};
pub use key::{ASSERTION_TYPE, AssertionKey, InvalidAssertionKey, KeyHandover};
pub use memory::{KeyUnavailable, Memory};
pub use mode::{InvalidMode, Mode};
pub use shared::{Shared, SharingSecret, ShortSecret};

/// The header that carries the assertion. Set or removed, never passed through.
pub const ASSERTION: http::HeaderName = http::HeaderName::from_static("x-jetway-assertion");
