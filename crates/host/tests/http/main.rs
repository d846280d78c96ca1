//! The HTTP trigger from outside: real components, the real program, bytes on sockets.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod app;
mod capabilities;
mod client;
mod instances;
mod outbound;
mod requests;
mod shutdown;
mod streaming;
