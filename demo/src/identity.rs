//! Who is calling, as the identity headers say. Where the service verifies assertions, those have been set by it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::problem::Problem;

/// A caller who is signed in.
pub(crate) struct SignedIn {
    pub(crate) user_id: String,
}

/// A caller who may change flights. Taking it as an argument is what protects a handler.
pub(crate) struct FlightManager;

fn user_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("x-user-id")?
        .to_str()
        .ok()
        .filter(|id| !id.is_empty())
}

fn roles(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let roles = headers
        .get("x-user-roles")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    roles.split(',').map(str::trim)
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let user_id = user_id(&parts.headers).ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "Sign in to use bookings.",
            )
        })?;
        Ok(Self {
            user_id: user_id.to_owned(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for FlightManager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if user_id(&parts.headers).is_none() {
            let detail = "Sign in to change flights.";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
        }
        if !roles(&parts.headers).any(|role| role == "admin" || role == "airline") {
            let detail = "Only airlines and administrators may change flights.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
        }
        Ok(Self)
    }
}
