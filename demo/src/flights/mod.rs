//! The flight service: a timetable to search, and seats to reserve.
//!
//! Reservations are the booking service's business and live under `/internal`, which the gateway does not forward.

mod changes;
mod manage;
mod model;
pub(crate) mod reservations;
mod search;
mod shuttle;
mod store;
mod timetable;

use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::{get, put};
use axum::{Router, middleware};
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use changes::Changes;
pub use model::{Flight, Price};
use store::Flights;

use crate::assertion::{Verifier, identify};
use crate::json::read_first;
use crate::problem::{no_such_method, no_such_route, with_request_id};

/// What the handlers work with.
#[derive(Clone)]
struct Service {
    flights: Arc<Flights>,
    changes: Arc<Changes>,
}

impl FromRef<Service> for Arc<Flights> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.flights)
    }
}

impl FromRef<Service> for Arc<Changes> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.changes)
    }
}

/// The service with a fresh timetable, and the task that tells the booking service of changes, if there is one.
pub(crate) fn router(
    verifier: Option<Arc<Verifier>>,
    bookings: Option<&str>,
) -> Result<(Router, Option<JoinHandle<()>>), reqwest::Error> {
    let flights = Arc::new(Flights::new(timetable::starting_at(OffsetDateTime::now_utc())));
    let (changes, task) = match bookings {
        Some(url) => Changes::to(url, Arc::clone(&flights)).map(|(changes, task)| (changes, Some(task)))?,
        None => (Changes::to_nobody(), None),
    };
    let router = Router::new()
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
        .layer(middleware::from_fn(read_first))
        .layer(middleware::from_fn(with_request_id))
        .with_state(Service {
            flights,
            changes: Arc::new(changes),
        });
    Ok((router, task))
}
