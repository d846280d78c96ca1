//! Seats for bookings: asked for by the booking service alone.
//!
//! Both calls name the booking, so a call that is repeated after a lost answer changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::model::Flight;
use super::store::{Flights, NotReserved};
use crate::json::Body;
use crate::problem::Problem;

/// How many seats a booking takes.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reservation {
    pub(crate) seats: u32,
}

/// `PUT /internal/flights/{id}/reservations/{booking_id}`: answers the flight as it is then.
pub(super) async fn reserve(
    State(store): State<Arc<Flights>>,
    Path((flight, booking)): Path<(Uuid, Uuid)>,
    Body(reservation): Body<Reservation>,
) -> Result<Json<Flight>, Problem> {
    let has_left = store
        .get(flight)
        .is_some_and(|flight| flight.departs_at <= OffsetDateTime::now_utc());
    if has_left {
        let detail = "The flight has departed.";
        return Err(Problem::new(StatusCode::CONFLICT, "departed", detail));
    }
    store
        .reserve(flight, booking, reservation.seats)
        .map(Json)
        .map_err(|refused| match refused {
            NotReserved::NoSuchFlight => Problem::not_found("flight"),
            NotReserved::SoldOut => Problem::new(
                StatusCode::CONFLICT,
                "sold_out",
                "The flight has not that many seats left.",
            ),
        })
}

/// `DELETE /internal/flights/{id}/reservations/{booking_id}`.
pub(super) async fn release(
    State(store): State<Arc<Flights>>,
    Path((flight, booking)): Path<(Uuid, Uuid)>,
) -> StatusCode {
    store.release(flight, booking);
    StatusCode::NO_CONTENT
}
