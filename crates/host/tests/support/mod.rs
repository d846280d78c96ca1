//! What several tests of the host need.

pub mod redis_server;
