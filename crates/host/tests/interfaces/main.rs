//! The interfaces, the backends behind them and the Redis trigger, on real SQLite files and a real Redis server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod guest;
mod key_value;
mod outbound_redis;
mod redis_server;
mod redis_trigger;
mod sqlite;
