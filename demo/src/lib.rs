//! Two small services for the gateway to stand in front of: flights to search, and bookings that take their seats.
//!
//! They do what a real platform's services do as far as a caller can see: seats run out, bookings belong to a user,
//! two people cannot have the same last seat. Told where the gateway is, they believe its signed assertion about the caller
//! and nothing else ([`Gateway`]); otherwise they trust the identity headers, and must only be reachable through the gateway.
//! What becomes of bookings is published on a Redis, where there is one ([`BookingOptions`]).
//! Everything is held in memory: a restart brings a fresh timetable and no bookings.

mod assertion;
pub mod bookings;
pub mod flights;
mod identity;
mod json;
mod outbox;
mod page;
mod problem;
mod service;

pub use assertion::Gateway;
pub use service::{BookingOptions, FlightOptions, Running, start_bookings, start_flights};
