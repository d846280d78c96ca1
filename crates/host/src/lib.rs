//! The embedded host.

pub mod app;
pub mod template;
