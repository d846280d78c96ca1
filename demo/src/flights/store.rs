//! The flights in memory. One lock holds them, so that counting seats and taking them are one step.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::model::Flight;

/// All flights, with the seats that bookings have taken.
pub(super) struct Flights {
    entries: Mutex<HashMap<Uuid, Entry>>,
}

struct Entry {
    flight: Flight,
    reservations: HashMap<Uuid, u32>,
}

/// Why seats could not be reserved.
pub(super) enum NotReserved {
    NoSuchFlight,
    SoldOut,
}

impl Flights {
    pub(super) fn new(flights: Vec<Flight>) -> Self {
        let entries = flights
            .into_iter()
            .map(|flight| (flight.id, Entry::new(flight)))
            .collect();
        Self {
            entries: Mutex::new(entries),
        }
    }

    /// Every change is complete before the lock is let go, so what a panicking thread left behind is sound.
    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The flights that `wanted` picks, by departure.
    pub(super) fn list(&self, wanted: impl Fn(&Flight) -> bool) -> Vec<Flight> {
        let mut flights: Vec<_> = self
            .entries()
            .values()
            .map(|entry| &entry.flight)
            .filter(|flight| wanted(flight))
            .cloned()
            .collect();
        flights.sort_by_key(Flight::order);
        flights
    }

    pub(super) fn get(&self, id: Uuid) -> Option<Flight> {
        self.entries().get(&id).map(|entry| entry.flight.clone())
    }

    pub(super) fn insert(&self, flight: Flight) {
        self.entries().insert(flight.id, Entry::new(flight));
    }

    /// Adds a flight, unless it is there already.
    pub(super) fn insert_if_absent(&self, flight: Flight) {
        self.entries()
            .entry(flight.id)
            .or_insert_with(|| Entry::new(flight));
    }

    /// Changes a flight and returns what it has become. A change that fails changes nothing.
    pub(super) fn update<E>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut Flight) -> Result<(), E>,
    ) -> Option<Result<Flight, E>> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&id)?;
        let mut changed = entry.flight.clone();
        Some(change(&mut changed).map(|()| {
            entry.flight = changed.clone();
            changed
        }))
    }

    pub(super) fn remove(&self, id: Uuid) -> bool {
        self.entries().remove(&id).is_some()
    }

    /// Takes seats for a booking. Asked again for the same booking, it takes no more.
    pub(super) fn reserve(&self, id: Uuid, booking: Uuid, seats: u32) -> Result<Flight, NotReserved> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&id).ok_or(NotReserved::NoSuchFlight)?;
        if !entry.reservations.contains_key(&booking) {
            let left = entry
                .flight
                .seats_available
                .checked_sub(seats)
                .ok_or(NotReserved::SoldOut)?;
            entry.flight.seats_available = left;
            entry.reservations.insert(booking, seats);
        }
        Ok(entry.flight.clone())
    }

    /// Gives a booking's seats back. Nothing happens where there are none.
    pub(super) fn release(&self, id: Uuid, booking: Uuid) {
        if let Some(entry) = self.entries().get_mut(&id)
            && let Some(seats) = entry.reservations.remove(&booking)
        {
            entry.flight.seats_available = entry.flight.seats_available.saturating_add(seats);
        }
    }
}

impl Entry {
    fn new(flight: Flight) -> Self {
        Self {
            flight,
            reservations: HashMap::new(),
        }
    }
}
