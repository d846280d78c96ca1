//! A flight as callers see it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A flight that can be booked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Flight {
    /// The flight's id.
    pub id: Uuid,
    /// Airline designator and number, as printed on a ticket.
    pub number: String,
    /// The airline's two-letter IATA code.
    pub airline: String,
    /// IATA code of the airport it leaves from.
    pub from: String,
    /// IATA code of the airport it goes to.
    pub to: String,
    /// Scheduled departure.
    #[serde(with = "time::serde::rfc3339")]
    pub departs_at: OffsetDateTime,
    /// Scheduled arrival.
    #[serde(with = "time::serde::rfc3339")]
    pub arrives_at: OffsetDateTime,
    /// The price of one seat.
    pub price: Price,
    /// Seats that can still be booked.
    pub seats_available: u32,
}

/// An amount of money.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Price {
    /// In the currency's smallest unit, cents for euros.
    pub amount_minor: u32,
    /// ISO 4217 code.
    pub currency: String,
}

impl Flight {
    /// Searches list flights in this order: by departure, and by id where two leave together.
    pub(crate) fn order(&self) -> (OffsetDateTime, Uuid) {
        (self.departs_at, self.id)
    }
}

/// Whether `code` has the form of an IATA airport code.
pub(crate) fn is_airport_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}
