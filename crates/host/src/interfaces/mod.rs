//! The Spin and WASI interfaces beyond WASI itself: key-value, SQLite, variables, Redis.
//!
//! What one application shares (pools, open databases) is apart from what one instance of a component holds.

use wasmtime::component::Linker;

use crate::state::HostState;

/// What one instance of a component holds of these interfaces.
#[derive(Debug, Default)]
pub struct InstanceState {}

/// Gives every component the interfaces of this module.
pub fn add_to_linker(_linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    Ok(())
}
