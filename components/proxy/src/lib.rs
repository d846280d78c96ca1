//! Forwards to the flight and the booking service.
//!
//! [`handler`] decides, [`settings`] knows where to; the rest is for the wasm build only, because it works on WASI's own
//! messages: a body goes through as the stream that it is.

pub mod handler;
pub mod settings;

#[cfg(target_arch = "wasm32")]
mod assertion;
#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod gate;
#[cfg(target_arch = "wasm32")]
mod guard;
#[cfg(target_arch = "wasm32")]
mod ready;
