//! Requests that we make. The one way out: [`send`], always with its time limits.

use std::time::Duration;

use http::{HeaderMap, Uri};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, RequestOptions, Response};

use super::entry::contents_of;
use super::inbound::headers_of;

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

/// The answer to a GET without anything special, as readiness checks send it.
pub async fn get(target: &Uri, headers: HeaderMap, timeouts: Timeouts) -> Result<Response, ErrorCode> {
    let fields = Fields::try_from(headers).unwrap_or_else(|_| Fields::new());
    let (contents, trailers) = contents_of(Vec::new());
    let (request, _sent) = Request::new(fields, contents, trailers, Some(timeouts.to_options()));
    let refused = |()| ErrorCode::HttpRequestUriInvalid;
    request
        .set_scheme(target.scheme().map(Into::into).as_ref())
        .map_err(refused)?;
    request
        .set_authority(target.authority().map(|authority| authority.as_str()))
        .map_err(refused)?;
    request
        .set_path_with_query(target.path_and_query().map(|path| path.as_str()))
        .map_err(refused)?;
    send(request).await
}

/// The headers of an answer.
pub fn response_headers(response: &Response) -> Result<HeaderMap, ErrorCode> {
    headers_of(&response.get_headers()).ok_or(ErrorCode::HttpProtocolError)
}
