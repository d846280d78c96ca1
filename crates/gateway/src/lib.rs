//! The library behind every function of Jetway.
//!
//! Dependencies run one way: the components call use cases, use cases call the domain and the [`ports`], and only the
//! module `spin` (feature of the same name) knows the Spin SDK. So everything here but that module runs, and is
//! tested, natively.

pub mod config;
pub mod domain;
pub mod http;
pub mod log;
pub mod per_instance;
pub mod ports;
#[cfg(feature = "spin")]
pub mod spin;
#[cfg(test)]
mod testing;
pub mod tokens;
