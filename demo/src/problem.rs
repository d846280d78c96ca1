//! Errors as RFC 9457 problem documents, in the form the gateway's own errors have.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What went wrong, as the caller may know it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Fault>,
}

/// One thing that is wrong with the input.
#[derive(Clone, Debug, Serialize)]
struct Fault {
    pointer: String,
    code: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// A value that is well-formed but not acceptable; `field` is its name in the body or the query.
    pub(crate) fn invalid(field: &str, detail: impl Into<String>) -> Self {
        let fault = Fault {
            pointer: format!("/{field}"),
            code: "invalid",
            detail: detail.into(),
        };
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "The request is not valid.",
        );
        problem.errors.push(fault);
        problem
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}."),
        )
    }

    fn document<'a>(&'a self, request_id: &'a str) -> Document<'a> {
        Document {
            r#type: format!("https://jetway.dev/problems/{}", self.code.replace('_', "-")),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: &self.errors,
        }
    }
}

impl IntoResponse for Problem {
    /// The body is written by [`with_request_id`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every answer the request's `x-request-id` and every [`Problem`] its body.
pub(crate) async fn with_request_id(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .filter(|value| value.to_str().is_ok())
        .cloned()
        .unwrap_or_else(new_request_id);
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let document = problem.document(id.to_str().unwrap_or_default());
        let (mut parts, body) = (problem.status, Json(document)).into_response().into_parts();
        // Whatever else the answer says, `Allow` for one, stays.
        for (name, value) in response.headers() {
            if !parts.headers.contains_key(name) {
                parts.headers.append(name, value.clone());
            }
        }
        let problem_json = HeaderValue::from_static("application/problem+json");
        parts.headers.insert(header::CONTENT_TYPE, problem_json);
        response = Response::from_parts(parts, body);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn new_request_id() -> HeaderValue {
    let id = Uuid::now_v7().to_string();
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unknown"))
}

pub(crate) async fn no_such_route() -> Problem {
    Problem::not_found("page")
}

pub(crate) async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This page does not answer that method.",
    )
}
