//! The frame around every middleware.

use std::rc::Rc;

use http::{HeaderMap, Request as Head};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

use super::SystemClock;
use super::http::{Unread, answer, answer_within, forward_request, forward_response, receive_head};
use crate::browser::{self, Visit};
use crate::config::ConfigError;
use crate::http::{HttpError, REQUEST_ID, RequestId, finish};
use crate::refusals::{Asked, Refusal};

/// Stands between the client and the next handler. `before` sees the head of the request and may change its headers, or
/// answers with an error; what it returns is handed to `after`, which may change the headers of the answer. Bodies pass by as
/// the streams that they are. The request id that the answer will carry goes on to the next handler.
pub async fn stand_between<T>(
    request: Request,
    before: impl AsyncFnOnce(&mut Head<()>, &RequestId) -> Result<T, HttpError>,
    after: impl FnOnce(T, &mut HeaderMap),
) -> Response {
    let (request_id, head) = receive_head(&request);
    let result = pass(Unread::new(request), head, &request_id, before, after).await;
    result.unwrap_or_else(|error| answer_within(finish(Err(error), &request_id)))
}

/// Stands before all else: besides what [`stand_between`] does, it answers browsers' preflights, sees to it that every
/// answer, wherever it was made, has what a browser needs to be told, and logs what was refused, wherever it was.
pub async fn stand_outermost<T>(
    request: Request,
    settings: impl AsyncFnOnce() -> Result<Rc<browser::Settings>, ConfigError>,
    before: impl AsyncFnOnce(&mut Head<()>, &RequestId) -> Result<T, HttpError>,
    after: impl FnOnce(T, &mut HeaderMap),
) -> Response {
    let (request_id, head) = receive_head(&request);
    let request = Unread::new(request);
    let settings = settings().await;
    let visit = match (&head, &settings) {
        (Ok(head), Ok(settings)) => Visit::of(head, settings),
        _ => Visit::unknown(),
    };
    let asked = match (&head, &settings) {
        (Ok(head), Ok(settings)) => Some(Asked::of(head, &settings.client)),
        _ => None,
    };
    let log = |refusal: Refusal| refusal.log(&request_id, asked.as_ref(), &SystemClock);
    let our_own = |result| {
        let mut response = finish(result, &request_id);
        if let Some(refusal) = response.extensions_mut().remove() {
            log(refusal);
        }
        visit.dress(response.headers_mut());
        answer(response)
    };
    if let Some(response) = visit.preflight() {
        return our_own(Ok(response));
    }
    let head = settings.map_err(HttpError::from).and(head);
    let after = |passed, headers: &mut HeaderMap| {
        if let Some(refusal) = Refusal::take(headers) {
            log(refusal);
        }
        after(passed, headers);
        visit.dress(headers);
    };
    let result = pass(request, head, &request_id, before, after).await;
    result.unwrap_or_else(|error| our_own(Err(error)))
}

async fn pass<T>(
    mut request: Unread,
    head: Result<Head<()>, HttpError>,
    request_id: &RequestId,
    before: impl AsyncFnOnce(&mut Head<()>, &RequestId) -> Result<T, HttpError>,
    after: impl FnOnce(T, &mut HeaderMap),
) -> Result<Response, HttpError> {
    let mut head = head?;
    head.headers_mut().insert(REQUEST_ID, request_id.to_header());
    let passed = before(&mut head, request_id).await?;
    let request = request
        .take()
        .ok_or_else(|| HttpError::internal("the request was handed on before"))?;
    hand_on(request, head, request_id, |headers| after(passed, headers)).await
}

async fn hand_on(
    request: Request,
    head: Head<()>,
    request_id: &RequestId,
    after: impl FnOnce(&mut HeaderMap),
) -> Result<Response, HttpError> {
    let failed = |error: ErrorCode| HttpError::internal(format!("the next handler: {error:?}"));
    let (parts, ()) = head.into_parts();
    let options = request.get_options();
    let request =
        forward_request(request, &parts.method, &parts.uri, &parts.headers, options).map_err(failed)?;
    let response = next(request).await.map_err(failed)?;
    let rewrite = |mut headers: HeaderMap| {
        headers.insert(REQUEST_ID, request_id.to_header());
        after(&mut headers);
        headers
    };
    forward_response(response, rewrite).map_err(failed)
}

/// Calls what stands behind this middleware, on WASI's own messages: the SDK's wrapper would copy the body.
async fn next(request: Request) -> Result<Response, ErrorCode> {
    let mut response = spin_sdk::http::next(request).await?;
    response
        .body_mut()
        .take_unstarted()
        .ok_or_else(|| ErrorCode::InternalError(Some("the response's body was started".to_owned())))
}
