//! The embedded host.

pub mod app;
pub mod backends;
pub mod template;
