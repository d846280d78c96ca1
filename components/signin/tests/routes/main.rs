//! The routes of this component, over a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod doors;
mod guessing;
mod me;
mod old_hashes;
mod preferences;
mod signin;
mod signout;
