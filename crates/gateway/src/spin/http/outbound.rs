//! Requests that we make. The one way out is [`send`], always with its time limits.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, Uri, header};
use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields, Request, RequestOptions, Response};

use super::entry::contents_of;
use super::fields::fields_of;
use super::inbound::IncomingBody;
use crate::http::{REQUEST_ID, RequestId};
pub use crate::proxy::Timeouts;
use crate::proxy::{Ended, UpstreamFailure, asks_for_time};

/// Time limits as WASI takes them. Spin counts the first byte's from the start of the attempt, with name resolution, connection and TLS
/// in it, and holds the connection's against the TCP connection alone.
pub fn options_of(timeouts: &Timeouts) -> RequestOptions {
    let nanos = |duration: Duration| Some(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    let options = RequestOptions::new();
    // A host that does not know one of them uses its own, which is the best that can be had there.
    let _ = options.set_connect_timeout(nanos(timeouts.connect));
    let _ = options.set_first_byte_timeout(nanos(timeouts.first_byte));
    let _ = options.set_between_bytes_timeout(nanos(timeouts.between_bytes));
    options
}

/// Waits.
pub async fn wait(duration: Duration) {
    monotonic_clock::wait_for(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).await;
}

/// A request without a body, which can be made again and again from the same head.
pub fn request_of(
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
    options: RequestOptions,
) -> Result<Request, ErrorCode> {
    let fields = fields_of(headers)?;
    let (contents, trailers) = contents_of(Vec::new());
    let (request, _sent) = Request::new(fields, contents, trailers, Some(options));
    set_method(&request, method)?;
    set_target(&request, target)?;
    Ok(request)
}

/// Why an attempt gave no answer, and the words of whoever noticed, for the log.
#[derive(Clone, Debug)]
pub struct NoResponse {
    /// Why.
    pub failure: UpstreamFailure,
    /// In the host's words, or ours.
    pub cause: String,
}

impl From<ErrorCode> for NoResponse {
    fn from(error: ErrorCode) -> Self {
        Self {
            failure: failure_of(&error),
            cause: format!("{error:?}"),
        }
    }
}

/// How an attempt ended. Of the answer's headers only the one that matters is looked at, and only where it does.
pub fn ended(result: &Result<Response, NoResponse>) -> Ended {
    match result {
        Err(error) => Ended::Failed(error.failure),
        Ok(response) => {
            let status = StatusCode::from_u16(response.get_status_code()).unwrap_or(StatusCode::BAD_GATEWAY);
            let later = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE)
                && response
                    .get_headers()
                    .get(header::RETRY_AFTER.as_str())
                    .iter()
                    .any(|value| asks_for_time(value));
            Ended::Answered { status, later }
        }
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
    let (request, _sent) = Request::new(fields, contents, trailers, Some(options_of(&timeouts)));
    set_target(&request, target)?;
    let response = send(request).await?;
    let status =
        StatusCode::from_u16(response.get_status_code()).map_err(|_| ErrorCode::HttpProtocolError)?;
    Ok((status, IncomingBody::Response(response)))
}

/// Sets the method of a new request, which is GET until then.
pub(super) fn set_method(request: &Request, method: &Method) -> Result<(), ErrorCode> {
    if method == Method::GET {
        return Ok(());
    }
    request
        .set_method(&types::Method::from(method))
        .map_err(|()| ErrorCode::HttpRequestMethodInvalid)
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
        ErrorCode::DnsTimeout | ErrorCode::ConnectionTimeout => UpstreamFailure::ConnectTimeout,
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => UpstreamFailure::Timeout,
        ErrorCode::ConnectionLimitReached => UpstreamFailure::NoConnectionLeft,
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => UpstreamFailure::Denied,
        ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => UpstreamFailure::BadRequest,
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => UpstreamFailure::BrokenOff,
        ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => UpstreamFailure::Unreachable,
        _ => UpstreamFailure::Unreadable,
    }
}
