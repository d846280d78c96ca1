//! What starts a component other than an HTTP request.

pub mod redis;
