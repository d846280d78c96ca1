//! Adding, changing and withdrawing flights: for airlines and administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::changes::Changes;
use super::model::{Flight, Price, is_airport_code};
use super::search::flight_id;
use super::store::Flights;
use crate::identity::FlightManager;
use crate::json::Body;
use crate::problem::Problem;

/// A flight to be added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlight {
    number: String,
    airline: String,
    from: String,
    to: String,
    #[serde(with = "time::serde::rfc3339")]
    departs_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    arrives_at: OffsetDateTime,
    price: Price,
    seats_available: u32,
}

/// What may change about a flight once it is on sale. What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default, with = "time::serde::rfc3339::option")]
    departs_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    arrives_at: Option<OffsetDateTime>,
    price: Option<Price>,
    seats_available: Option<u32>,
}

/// `POST /api/v1/flights`.
pub(super) async fn create(
    _: FlightManager,
    State(store): State<Arc<Flights>>,
    Body(new): Body<NewFlight>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Flight>), Problem> {
    let flight = Flight {
        id: Uuid::now_v7(),
        number: new.number,
        airline: new.airline,
        from: new.from,
        to: new.to,
        departs_at: whole_seconds(new.departs_at),
        arrives_at: whole_seconds(new.arrives_at),
        price: new.price,
        seats_available: new.seats_available,
    };
    check(&flight)?;
    store.insert(flight.clone());
    let location = format!("/api/v1/flights/{}", flight.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(flight)))
}

/// `PATCH /api/v1/flights/{id}`.
pub(super) async fn change(
    _: FlightManager,
    State(store): State<Arc<Flights>>,
    State(changes): State<Arc<Changes>>,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Flight>, Problem> {
    let mut before = None;
    let changed = store.update(flight_id(&id)?, |flight| {
        before = Some(flight.departs_at);
        flight.departs_at = change.departs_at.map_or(flight.departs_at, whole_seconds);
        flight.arrives_at = change.arrives_at.map_or(flight.arrives_at, whole_seconds);
        if let Some(price) = change.price {
            flight.price = price;
        }
        flight.seats_available = change.seats_available.unwrap_or(flight.seats_available);
        check(flight)
    });
    let flight = changed.ok_or_else(|| Problem::not_found("flight"))??;
    if before != Some(flight.departs_at) {
        changes.tell(flight.id);
    }
    Ok(Json(flight))
}

/// `DELETE /api/v1/flights/{id}`. Its bookings keep what they say, as a cancelled flight's tickets do.
pub(super) async fn withdraw(
    _: FlightManager,
    State(store): State<Arc<Flights>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if store.remove(flight_id(&id)?) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("flight"))
    }
}

fn check(flight: &Flight) -> Result<(), Problem> {
    for (field, code) in [("from", &flight.from), ("to", &flight.to)] {
        if !is_airport_code(code) {
            return Err(Problem::invalid(field, "An IATA airport code, such as LHR."));
        }
    }
    if flight.from == flight.to {
        return Err(Problem::invalid("to", "A flight goes to another airport."));
    }
    if flight.arrives_at <= flight.departs_at {
        return Err(Problem::invalid(
            "arrives_at",
            "A flight arrives after it departs.",
        ));
    }
    Ok(())
}

/// UTC, and no fractions: cursors hold whole seconds.
fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(time::UtcOffset::UTC).truncate_to_second()
}
