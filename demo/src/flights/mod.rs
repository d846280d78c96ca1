//! The flight service: a timetable to search, and seats to reserve.
//!
//! Reservations are the booking service's business and live under `/internal`, which the gateway does not forward.

mod manage;
mod model;
pub(crate) mod reservations;
mod search;
mod store;
mod timetable;

use std::sync::Arc;

use axum::routing::{get, put};
use axum::{Router, middleware};
use time::OffsetDateTime;

pub use model::{Flight, Price};
use store::Flights;

use crate::assertion::{Verifier, identify};
use crate::problem::{no_such_method, no_such_route, with_request_id};

/// The service with a fresh timetable.
pub(crate) fn router(verifier: Option<Arc<Verifier>>) -> Router {
    let flights = Flights::new(timetable::starting_at(OffsetDateTime::now_utc()));
    Router::new()
        .route("/api/v1/flights", get(search::list).post(manage::create))
        .route(
            "/api/v1/flights/{id}",
            get(search::show).patch(manage::change).delete(manage::withdraw),
        )
        .route_layer(middleware::from_fn_with_state(verifier, identify))
        .route("/healthz", get(|| async { "ok" }))
        .route(
            "/internal/flights/{id}/reservations/{booking_id}",
            put(reservations::reserve).delete(reservations::release),
        )
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(with_request_id))
        .with_state(Arc::new(flights))
}
