//! HTTP on WASI's resources.
//!
//! Two ways in. A component that answers itself goes through [`serve`]: the library's request and response types, bodies
//! read and written here. A component that stands between (middleware, the proxy) keeps WASI's own message and hands its
//! body on as the stream it is (`forward_request`, [`forward_response`]): no byte of it passes through the guest. Only a body that
//! the proxy sends to a service does ([`send_upload`]), so that it is known who broke it off.

mod begun;
mod drain;
mod entry;
mod exchange;
mod fields;
mod handover;
mod inbound;
mod outbound;
#[cfg(feature = "spin-middleware")]
mod pass_on;
mod upload;

pub use begun::Begun;
pub use drain::Unread;
#[cfg(feature = "spin-middleware")]
pub(crate) use entry::answer_within;
pub use entry::{Guest, answer, serve, serve_outermost};
pub use exchange::SpinOutboundHttp;
pub use handover::forward_response;
pub use inbound::{IncomingBody, receive_head};
pub use outbound::{NoResponse, Timeouts, ended, failure_of, get, options_of, request_of, send, wait};
#[cfg(feature = "spin-middleware")]
pub(crate) use pass_on::forward_request;
pub use spin_sdk::wasip3::http::types::{ErrorCode, Request, RequestOptions, Response};
pub use upload::{UploadLimits, send_upload};
