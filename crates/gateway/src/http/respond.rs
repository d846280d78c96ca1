//! Answers. All are whole, so that each carries its `Content-Length` and leaves in one piece.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An answer with a whole body.
pub type Response = http::Response<Bytes>;

/// 200 with a JSON document.
pub fn ok(document: &impl Serialize) -> Response {
    with_status(StatusCode::OK, document)
}

/// 200 to a question whether a component is ready.
pub fn ready() -> Response {
    #[derive(Serialize)]
    struct Ready {
        ready: bool,
    }
    ok(&Ready { ready: true })
}

/// 201 with a JSON document, and where the new thing is.
pub fn created(location: &str, document: &impl Serialize) -> Response {
    let mut response = with_status(StatusCode::CREATED, document);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 202 that says nothing more: what comes of the request, its answer does not tell.
pub fn accepted() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// 204.
pub fn no_content() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A JSON document under any status.
pub fn with_status(status: StatusCode, document: &impl Serialize) -> Response {
    encode(status, "application/json", document)
}

/// A document of one of the JSON media types.
pub(super) fn encode(status: StatusCode, media_type: &'static str, document: &impl Serialize) -> Response {
    // Our documents are structs of strings, numbers and lists, which always have a JSON form; should one ever have none,
    // an answer without a body is still better than a trap.
    let (status, body) = match serde_json::to_vec(document) {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
