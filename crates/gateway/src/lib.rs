//! The library behind every function of Jetway.
//!
//! Dependencies run one way: the components call use cases, use cases call the domain and the [`ports`], and only the
//! module `spin` (feature of the same name) knows the Spin SDK. So everything here but that module runs, and is
//! tested, natively.

pub mod access;
pub mod accounts;
pub mod assertion;
pub mod bookings;
pub mod browser;
pub mod client;
pub mod config;
pub mod devices;
pub mod domain;
pub mod events;
mod failure;
pub mod hashing;
pub mod http;
mod locked;
pub mod log;
mod mac;
pub mod mail;
pub mod notifications;
pub mod one_at_a_time;
pub mod per_instance;
pub mod ports;
pub mod problems;
pub mod proxy;
pub mod rate_limit;
pub mod refusals;
pub mod roles;
pub mod rules;
pub mod second_factor;
pub mod sessions;
pub mod slowdown;
#[cfg(feature = "spin")]
pub mod spin;
pub mod store;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod time_limit;
pub mod tokens;

pub use failure::Failure;
