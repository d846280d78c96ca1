//! The booking service's routes. A booking of somebody else is answered as one that is not there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Desk;
use super::events::Happening;
use super::store::{Booking, Status};
use crate::flights::Flight;
use crate::identity::SignedIn;
use crate::json::{Body, Parameters};
use crate::page;
use crate::problem::Problem;

const MAX_SEATS: u32 = 9;

/// What a user wants to book.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBooking {
    flight_id: Uuid,
    seats: u32,
}

#[derive(Deserialize)]
pub(super) struct Paging {
    limit: Option<usize>,
    cursor: Option<Uuid>,
}

#[derive(Serialize)]
pub(super) struct BookingList {
    bookings: Vec<Booking>,
    next_cursor: Option<String>,
}

/// `POST /api/v1/bookings`.
pub(super) async fn book(
    caller: SignedIn,
    State(desk): State<Arc<Desk>>,
    Body(new): Body<NewBooking>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Booking>), Problem> {
    if !(1..=MAX_SEATS).contains(&new.seats) {
        return Err(Problem::invalid(
            "seats",
            format!("A number from 1 to {MAX_SEATS}."),
        ));
    }
    // A task of its own goes on when the caller hangs up, so that no seats are taken for a booking nobody has.
    let booking = tokio::spawn(async move { reserve_and_store(&desk, caller.user_id, &new).await })
        .await
        .unwrap_or_else(|_| Err(internal_error()))?;
    let location = format!("/api/v1/bookings/{}", booking.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(booking)))
}

/// `GET /api/v1/bookings`.
pub(super) async fn list(
    caller: SignedIn,
    State(desk): State<Arc<Desk>>,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<BookingList>, Problem> {
    let limit = page::limit(paging.limit)?;
    let mut bookings = desk.bookings.list(&caller.user_id, paging.cursor);
    let next_cursor = page::cut(&mut bookings, limit, |booking| booking.id.to_string());
    Ok(Json(BookingList {
        bookings,
        next_cursor,
    }))
}

/// `GET /api/v1/bookings/{id}`.
pub(super) async fn show(
    caller: SignedIn,
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Json<Booking>, Problem> {
    own_booking(&desk, &caller, &id).map(Json)
}

/// `DELETE /api/v1/bookings/{id}`: cancels. The booking stays on record, and its seats can be booked again.
pub(super) async fn cancel(
    caller: SignedIn,
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let booking = own_booking(&desk, &caller, &id)?;
    let _steady = desk.steady.read().await;
    desk.flights.release(booking.flight_id, booking.id).await?;
    if let Some(cancelled) = desk.bookings.mark_cancelled(booking.id) {
        desk.events.tell(Happening::Cancelled, &cancelled);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /internal/changed-flights`: what the flight service has changed, as it is then. To be told twice does no harm.
pub(super) async fn flight_changed(State(desk): State<Arc<Desk>>, Body(flight): Body<Flight>) -> StatusCode {
    let _steady = desk.steady.write().await;
    for booking in desk.bookings.move_departure(flight.id, flight.departs_at) {
        desk.events.tell(Happening::Changed, &booking);
    }
    StatusCode::NO_CONTENT
}

fn own_booking(desk: &Desk, caller: &SignedIn, id: &str) -> Result<Booking, Problem> {
    id.parse()
        .ok()
        .and_then(|id| desk.bookings.get(&caller.user_id, id))
        .ok_or_else(|| Problem::not_found("booking"))
}

async fn reserve_and_store(desk: &Desk, user_id: String, new: &NewBooking) -> Result<Booking, Problem> {
    let id = Uuid::now_v7();
    let _steady = desk.steady.read().await;
    let flight = match desk.flights.reserve(new.flight_id, id, new.seats).await {
        Ok(flight) => flight,
        Err(problem) => {
            // The answer may have been lost after the seats were taken. If this fails too, the seats stay blocked
            // until a restart, which is fair for a demo.
            drop(desk.flights.release(new.flight_id, id).await);
            return Err(problem);
        }
    };
    let booking = Booking {
        id,
        user_id,
        flight_id: flight.id,
        flight_number: flight.number,
        from: flight.from,
        to: flight.to,
        departs_at: flight.departs_at,
        seats: new.seats,
        status: Status::Confirmed,
        created_at: OffsetDateTime::now_utc().truncate_to_second(),
    };
    desk.bookings.insert(booking.clone());
    desk.events.tell(Happening::Confirmed, &booking);
    Ok(booking)
}

fn internal_error() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong here.",
    )
}
