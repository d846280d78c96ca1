//! The bookings in memory, each reached only together with the user it belongs to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

/// Seats on a flight, booked by a user.
#[derive(Clone, Debug, Serialize)]
pub struct Booking {
    /// The booking's id.
    pub id: Uuid,
    /// The user it belongs to.
    pub user_id: String,
    /// The flight.
    pub flight_id: Uuid,
    /// The flight's number when it was booked.
    pub flight_number: String,
    /// IATA code of the airport it leaves from.
    pub from: String,
    /// IATA code of the airport it goes to.
    pub to: String,
    /// When it leaves, as far as is known here.
    #[serde(with = "time::serde::rfc3339")]
    pub departs_at: OffsetDateTime,
    /// How many seats it takes.
    pub seats: u32,
    /// Whether the seats are still the user's.
    pub status: Status,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The state of a booking.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The seats are the user's.
    Confirmed,
    /// The seats were given back.
    Cancelled,
}

/// All bookings by id. Ids are UUIDv7, so their order is the order in which the bookings were made.
#[derive(Default)]
pub(super) struct Bookings {
    by_id: Mutex<BTreeMap<Uuid, Booking>>,
}

impl Bookings {
    /// Each change is one call on the map, so what a panicking thread left behind is sound.
    fn by_id(&self) -> MutexGuard<'_, BTreeMap<Uuid, Booking>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, booking: Booking) {
        self.by_id().insert(booking.id, booking);
    }

    pub(super) fn get(&self, user_id: &str, id: Uuid) -> Option<Booking> {
        self.by_id()
            .get(&id)
            .filter(|booking| booking.user_id == user_id)
            .cloned()
    }

    /// A user's bookings, the latest first, from the one before `before` on.
    pub(super) fn list(&self, user_id: &str, before: Option<Uuid>) -> Vec<Booking> {
        let end = before.unwrap_or(Uuid::max());
        let by_id = self.by_id();
        by_id
            .range(..end)
            .rev()
            .map(|(_, booking)| booking)
            .filter(|booking| booking.user_id == user_id)
            .cloned()
            .collect()
    }

    /// Cancels a booking and returns what it has become, or nothing if it was cancelled before.
    pub(super) fn mark_cancelled(&self, id: Uuid) -> Option<Booking> {
        let mut by_id = self.by_id();
        let booking = by_id
            .get_mut(&id)
            .filter(|booking| booking.status == Status::Confirmed)?;
        booking.status = Status::Cancelled;
        Some(booking.clone())
    }

    /// Has the flight leave at another time, and returns the bookings for which that is news.
    pub(super) fn move_departure(&self, flight: Uuid, departs_at: OffsetDateTime) -> Vec<Booking> {
        let mut by_id = self.by_id();
        let theirs = by_id.values_mut().filter(|booking| {
            booking.flight_id == flight
                && booking.status == Status::Confirmed
                && booking.departs_at != departs_at
        });
        theirs
            .map(|booking| {
                booking.departs_at = departs_at;
                booking.clone()
            })
            .collect()
    }
}
