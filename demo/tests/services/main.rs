//! The two services, from outside.

#![expect(clippy::unwrap_used, reason = "in a test, a failed step ends the test")]

mod bookings;
mod client;
mod errors;
mod flights;
