//! Requests that we make. The one way out is [`send`], always with its time limits.

use std::time::Duration;

use http::{StatusCode, Uri};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, RequestOptions, Response};

use super::entry::contents_of;
use super::inbound::IncomingBody;
use crate::http::{REQUEST_ID, RequestId};
use crate::proxy::UpstreamFailure;

/// How long an upstream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first byte of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body.
    pub between_bytes: Duration,
}

impl Timeouts {
    /// As WASI takes them.
    pub fn to_options(self) -> RequestOptions {
        let nanos = |duration: Duration| Some(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        let options = RequestOptions::new();
        // A host that does not know one of them uses its own, which is the best that can be had there.
        let _ = options.set_connect_timeout(nanos(self.connect));
        let _ = options.set_first_byte_timeout(nanos(self.first_byte));
        let _ = options.set_between_bytes_timeout(nanos(self.between_bytes));
        options
    }
}

/// Sends a request.
pub async fn send(request: Request) -> Result<Response, ErrorCode> {
    client::send(request).await
}

/// Sends a GET without anything special, as readiness checks do: status and body of the answer.
pub async fn get(
    target: &Uri,
    request_id: &RequestId,
    timeouts: Timeouts,
) -> Result<(StatusCode, IncomingBody), ErrorCode> {
    let fields = Fields::new();
    // A name and a value that are always well-formed.
    let _ = fields.append(REQUEST_ID.as_str(), request_id.as_str().as_bytes());
    let (contents, trailers) = contents_of(Vec::new());
    let (request, _sent) = Request::new(fields, contents, trailers, Some(timeouts.to_options()));
    set_target(&request, target)?;
    let response = send(request).await?;
    let status =
        StatusCode::from_u16(response.get_status_code()).map_err(|_| ErrorCode::HttpProtocolError)?;
    Ok((status, IncomingBody::Response(response)))
}

/// Directs a request.
pub(super) fn set_target(request: &Request, target: &Uri) -> Result<(), ErrorCode> {
    let refused = |()| ErrorCode::HttpRequestUriInvalid;
    request
        .set_scheme(target.scheme().map(Into::into).as_ref())
        .map_err(refused)?;
    request
        .set_authority(target.authority().map(http::uri::Authority::as_str))
        .map_err(refused)?;
    request
        .set_path_with_query(target.path_and_query().map(http::uri::PathAndQuery::as_str))
        .map_err(refused)
}

/// What the host's error means to the client.
pub fn failure_of(error: &ErrorCode) -> UpstreamFailure {
    match error {
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => UpstreamFailure::Timeout,
        ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => UpstreamFailure::BadRequest,
        _ => UpstreamFailure::Unreachable,
    }
}
