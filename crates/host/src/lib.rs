//! The embedded host: runs a spin.toml on Wasmtime, with the behaviour that Spin has.

pub mod allowed_hosts;
pub mod app;
pub mod backends;
pub mod cli;
pub mod document;
pub mod interfaces;
pub mod manifest;
pub mod options;
pub mod routes;
pub mod runtime_config;
pub mod serve;
pub mod state;
pub mod state_dir;
pub mod template;
pub mod trigger;
pub mod variables;
