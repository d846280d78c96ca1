//! Two small services for the gateway to stand in front of: flights to search, and bookings that take their seats.
//!
//! They do what a real platform's services do as far as a caller can see: seats run out, bookings belong to a user,
//! two people cannot have the same last seat. They trust the identity headers that the gateway sets, so they must
//! only be reachable through it. Everything is held in memory: a restart brings a fresh timetable and no bookings.

pub mod bookings;
pub mod flights;
mod identity;
mod json;
mod page;
mod problem;
mod service;

pub use service::{Running, start_bookings, start_flights};
