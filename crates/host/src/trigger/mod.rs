//! What sets components to work: HTTP requests and Redis messages.

pub mod http;
pub mod redis;
