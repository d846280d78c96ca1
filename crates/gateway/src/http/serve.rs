//! The frame around every handler.

use http::{HeaderValue, Request, StatusCode, header};

use super::{HttpError, REQUEST_ID, RequestId, Response};
use crate::log;
use crate::ports::{Clock, Entropy};
use crate::refusals::Refusal;

/// Gives the request its id, calls the handler, and makes of what it returns an answer that keeps the contract: errors are
/// problems, causes are logged, and every answer carries the request id and its length.
pub async fn serve<B>(
    request: Request<B>,
    clock: &impl Clock,
    entropy: &impl Entropy,
    handler: impl AsyncFnOnce(Request<B>, &RequestId) -> Result<Response, HttpError>,
) -> Response {
    let request_id = RequestId::of_request(request.headers(), clock, entropy);
    let result = handler(request, &request_id).await;
    finish(result, &request_id)
}

/// The answer for what a handler returned. Where it is a refusal, its extensions hold the [`Refusal`], for the frame to log.
pub fn finish(result: Result<Response, HttpError>, request_id: &RequestId) -> Response {
    let mut response = match result {
        Ok(response) => response,
        Err(error) => {
            if let Some(cause) = error.cause() {
                log::error(request_id, error.problem().code().as_str(), &[("cause", cause)]);
            }
            let refusal = Refusal::of(&error);
            let mut response = error.into_problem().into_response(request_id);
            if let Some(refusal) = refusal {
                response.extensions_mut().insert(refusal);
            }
            response
        }
    };
    let length = response.body().len();
    let bodiless =
        response.status() == StatusCode::NO_CONTENT || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id.to_header());
    if !bodiless {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    // What we answer ourselves is about one person or one moment; what may be stored says so itself.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Code, no_content, ok};
    use crate::test_support::{ConstantEntropy, TestClock, block_on};

    fn answer(result: Result<Response, HttpError>) -> Response {
        let request = Request::builder().header("x-request-id", "r-1").body(()).unwrap();
        block_on(serve(
            request,
            &TestClock::at_secs(1),
            &ConstantEntropy(1),
            async |_, _| result,
        ))
    }

    #[test]
    fn every_answer_has_its_id_its_length_and_is_not_stored() {
        let response = answer(Ok(ok(&serde_json::json!({ "a": 1 }))));
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(response.headers()["content-length"], "7");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }

    #[test]
    fn a_204_has_no_length() {
        assert!(!answer(Ok(no_content())).headers().contains_key("content-length"));
    }

    #[test]
    fn an_answer_that_may_be_stored_stays_so() {
        let mut response = no_content();
        response
            .headers_mut()
            .insert("cache-control", HeaderValue::from_static("max-age=60"));
        assert_eq!(answer(Ok(response)).headers()["cache-control"], "max-age=60");
    }

    #[test]
    fn an_error_becomes_its_problem_and_its_cause_stays_inside() {
        let response = answer(Err(HttpError::internal("disk on fire")));
        assert_eq!(response.status(), Code::InternalError.status());
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(
            body.contains("\"request_id\":\"r-1\"") && !body.contains("fire"),
            "{body}"
        );
    }
}
