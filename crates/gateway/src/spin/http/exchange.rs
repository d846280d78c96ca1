//! Whole requests for whole answers: the port [`OutboundHttp`].

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{Request as HttpRequest, Response as HttpResponse, StatusCode};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

use super::entry::contents_of;
use super::fields::fields_of;
use super::inbound::{IncomingBody, headers_of};
use super::outbound::{Timeouts, failure_of, options_of, send, set_method, set_target, wait};
use crate::http::Body as _;
use crate::ports::{NoAnswer, OutboundHttp};
use crate::proxy::UpstreamFailure;

/// As much of an answer's body as is read.
const MAX_BODY: usize = 16 * 1024;

/// How long a request and its answer may take together: well below the lease of whoever waits for the answer.
const LIMIT: Duration = Duration::from_secs(20);

/// HTTP requests of our own.
#[derive(Clone, Copy, Debug)]
pub struct SpinOutboundHttp;

impl OutboundHttp for SpinOutboundHttp {
    async fn send(&self, request: HttpRequest<Vec<u8>>) -> Result<HttpResponse<Vec<u8>>, NoAnswer> {
        let timeouts = Timeouts {
            connect: LIMIT,
            first_byte: LIMIT,
            between_bytes: LIMIT,
        };
        let request = request_of(request, &timeouts).map_err(no_answer)?;
        let deadline = pin!(wait(LIMIT));
        let (response, deadline) = match select(pin!(send(request)), deadline).await {
            Either::Left((response, deadline)) => (response.map_err(no_answer)?, deadline),
            Either::Right(_) => return Err(NoAnswer::Timeout),
        };
        let status = StatusCode::from_u16(response.get_status_code())
            .map_err(|_| NoAnswer::Broken("a status that HTTP does not have".to_owned()))?;
        let headers = headers_of(&response.get_headers()).unwrap_or_default();
        let mut body = Vec::new();
        // What has been read by the deadline is what there is.
        select(pin!(read(response, &mut body)), deadline).await;
        let mut whole = HttpResponse::new(body);
        *whole.status_mut() = status;
        *whole.headers_mut() = headers;
        Ok(whole)
    }
}

fn request_of(request: HttpRequest<Vec<u8>>, timeouts: &Timeouts) -> Result<Request, ErrorCode> {
    let (head, body) = request.into_parts();
    let mut headers = head.headers;
    // Known, it is sent: Spin would cut the body into chunks otherwise, which not every server takes.
    headers.insert(http::header::CONTENT_LENGTH, body.len().into());
    let fields = fields_of(&headers)?;
    let (contents, trailers) = contents_of(body);
    let (request, _sent) = Request::new(fields, contents, trailers, Some(options_of(timeouts)));
    set_method(&request, &head.method)?;
    set_target(&request, &head.uri)?;
    Ok(request)
}

/// Reads what there is, up to the limit.
async fn read(response: Response, body: &mut Vec<u8>) {
    let mut incoming = IncomingBody::Response(response);
    while let Ok(Some(chunk)) = incoming.chunk().await {
        let left = MAX_BODY - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(left)]);
        if body.len() == MAX_BODY {
            return;
        }
    }
}

fn no_answer(error: ErrorCode) -> NoAnswer {
    match failure_of(&error) {
        UpstreamFailure::Timeout | UpstreamFailure::ConnectTimeout => NoAnswer::Timeout,
        UpstreamFailure::Denied => NoAnswer::NotAllowed,
        _ => NoAnswer::Broken(format!("{error:?}")),
    }
}
