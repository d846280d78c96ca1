//! The embedded host: runs a spin.toml on Wasmtime, with the behaviour that Spin has.

pub mod allowed_hosts;
pub mod app;
pub mod backends;
pub mod cli;
pub mod compile;
pub mod compose;
pub mod document;
pub mod engine;
pub mod instances;
pub mod interfaces;
pub mod manifest;
pub mod options;
pub mod outbound;
pub mod routes;
pub mod runtime_config;
pub mod serve;
pub mod state;
pub mod state_dir;
pub mod stdio;
pub mod template;
pub mod trigger;
pub mod variables;
