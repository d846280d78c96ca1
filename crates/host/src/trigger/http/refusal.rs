//! Answers to requests that are not taken.
//!
//! They are problems (RFC 9457), like those of the application, and have what it would give a browser to read them: the headers of its
//! own answer to a path that it does not have.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN, VARY};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use tokio::time::timeout;
use wasmtime_wasi_http::Error;

use super::server::HttpServer;
use super::wire::{Asked, Refused};

/// A path that no application has.
const NOWHERE: &str = "/.well-known/jetway-host/refused";
/// How long the application may take for its headers.
const LIMIT: Duration = Duration::from_secs(1);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The answer, as bytes, after which the connection is closed.
pub(super) async fn answer(
    refused: &Refused,
    asked: &Asked,
    server: &HttpServer,
    client: SocketAddr,
) -> Vec<u8> {
    let headers = headers(asked, server, client).await;
    let request_id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let body = body(refused, request_id.unwrap_or_default());
    let status = refused.status;
    let mut head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    );
    for (name, value) in &headers {
        // Writing to a string cannot fail.
        write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default()).ok();
    }
    head.push_str("\r\n");
    if !asked.is_head {
        head.push_str(&body);
    }
    head.into_bytes()
}

/// What the application would say to this client of itself.
async fn headers(asked: &Asked, server: &HttpServer, client: SocketAddr) -> HeaderMap {
    let mut request = Request::get(NOWHERE).header(HOST, asked.host.as_deref().unwrap_or("localhost"));
    if let Some(origin) = &asked.origin {
        request = request.header(ORIGIN, origin);
    }
    let body = Empty::new().map_err(|never: std::convert::Infallible| -> Error { match never {} });
    let mut headers = HeaderMap::new();
    if let Ok(request) = request.body(body.boxed_unsync())
        && let Ok(response) = timeout(LIMIT, server.handle(request, client)).await
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/problem+json")
    {
        let theirs = response
            .headers()
            .iter()
            .filter(|(name, _)| is_for_everybody(name));
        headers.extend(theirs.map(|(name, value)| (name.clone(), value.clone())));
    }
    headers.entry(REQUEST_ID).or_insert_with(new_id);
    headers
}

/// Whether a header speaks of the application and the browser, and not of the answer.
fn is_for_everybody(name: &HeaderName) -> bool {
    let name_text = name.as_str();
    name_text.starts_with("access-control-")
        || *name == VARY
        || *name == REQUEST_ID
        || matches!(
            name_text,
            "x-content-type-options"
                | "referrer-policy"
                | "content-security-policy"
                | "strict-transport-security"
                | "cross-origin-resource-policy"
        )
}

fn new_id() -> HeaderValue {
    let id = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
}

fn body(refused: &Refused, request_id: &str) -> String {
    let code = code(refused.status);
    serde_json::json!({
        "type": format!("https://jetway.dev/problems/{}", code.replace('_', "-")),
        "title": refused.status.canonical_reason().unwrap_or_default(),
        "status": refused.status.as_u16(),
        "detail": refused.detail,
        "code": code,
        "request_id": request_id,
    })
    .to_string()
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::REQUEST_TIMEOUT => "request_timeout",
        StatusCode::URI_TOO_LONG => "uri_too_long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "header_fields_too_large",
        StatusCode::NOT_IMPLEMENTED => "not_implemented",
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => "http_version_not_supported",
        _ => "bad_request",
    }
}
