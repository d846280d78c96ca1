//! The booking service: bookings that belong to a user, on seats that the flight service reserves.
//!
//! The flight service tells of flights that leave at another time under `/internal`, which the gateway does not forward.

mod events;
mod flight_service;
mod handlers;
mod store;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::sync::RwLock;

use store::Bookings;
pub use store::{Booking, Status};

pub(crate) use events::Events;
pub(crate) use flight_service::FlightService;

use crate::assertion::{Verifier, identify};
use crate::json::read_first;
use crate::problem::{no_such_method, no_such_route, with_request_id};

/// What the handlers work with.
struct Desk {
    bookings: Bookings,
    flights: FlightService,
    events: Events,
    /// Held to write while a change of a flight is taken in, and to read by whatever else becomes of a booking: so a change meets
    /// every booking that has seats on its flight, and its event comes between the right two.
    steady: RwLock<()>,
}

/// The service without any bookings yet.
pub(crate) fn router(flights: FlightService, events: Events, verifier: Option<Arc<Verifier>>) -> Router {
    Router::new()
        .route("/api/v1/bookings", get(handlers::list).post(handlers::book))
        .route(
            "/api/v1/bookings/{id}",
            get(handlers::show).delete(handlers::cancel),
        )
        .route_layer(middleware::from_fn_with_state(verifier, identify))
        .route("/healthz", get(|| async { "ok" }))
        .route("/internal/changed-flights", post(handlers::flight_changed))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(read_first))
        .layer(middleware::from_fn(with_request_id))
        .with_state(Arc::new(Desk {
            bookings: Bookings::default(),
            flights,
            events,
            steady: RwLock::default(),
        }))
}
