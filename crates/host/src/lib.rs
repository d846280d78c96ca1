//! The embedded host: runs a spin.toml on Wasmtime, with the behaviour that Spin has.

pub mod app;
pub mod backends;
pub mod interfaces;
pub mod state;
pub mod template;
