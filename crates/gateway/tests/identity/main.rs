//! The identity side of the library on a real SQLite file: what its users meet, its races, and what happens when things
//! break.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod accounts;
mod bookings;
mod devices;
mod epochs;
mod even_work;
mod events;
mod export;
mod keys;
mod migrations;
mod notifications;
mod one_time_tokens;
mod refresh;
mod roles;
mod second_factor;
mod session_model;
mod sessions;
mod signin_codes;
mod upgrades;
mod world;
