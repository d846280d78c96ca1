//! Request bodies and queries whose faults are answered as problems.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// The parameters of the query.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refusal(rejection.status(), rejection.body_text())),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|rejection| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_request",
                    rejection.body_text(),
                )
            })?;
        Ok(Self(value))
    }
}

/// Reads the whole body before anything decides about the request. A server that refuses a request with its body unread ends the
/// connection behind the answer, and a gateway that has just sent another request on it loses that one.
pub(crate) async fn read_first(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match Bytes::from_request(Request::from_parts(head.clone(), body), &()).await {
        Ok(whole) => next.run(Request::from_parts(head, whole.into())).await,
        Err(rejection) => refusal(rejection.status(), rejection.body_text()).into_response(),
    }
}

fn refusal(status: StatusCode, words: String) -> Problem {
    let code = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid_request",
        _ => "malformed_json",
    };
    Problem::new(status, code, words)
}
