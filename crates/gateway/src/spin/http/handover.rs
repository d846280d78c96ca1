//! Handing messages on: new headers, the same body.

use http::{HeaderMap, Method, Uri};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, RequestOptions, Response};
use spin_sdk::wasip3::wit_future;

use super::entry::set_status;
use super::fields::fields_of;
use super::inbound::headers_of;
use super::outbound::{set_method, set_target};

/// Whether a request that is handed on has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyOf {
    /// The one that came in, as a stream.
    Incoming,
    /// None, and none is announced.
    Nothing,
}

/// A request with another head and the body of `incoming`. Made anew, because the headers of an incoming request cannot be
/// changed, and sending one again could send `Host` twice.
pub fn forward_request(
    incoming: Request,
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
    body: BodyOf,
    options: Option<RequestOptions>,
) -> Result<Request, ErrorCode> {
    let fields = fields_of(headers)?;
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Request::consume_body(incoming, reader);
    // Dropping the writer tells the sender that all is well from our side.
    drop(done);
    let (contents, trailers) = match body {
        BodyOf::Incoming => (Some(stream), trailers),
        BodyOf::Nothing => super::entry::contents_of(Vec::new()),
    };
    let (request, _sent) = Request::new(fields, contents, trailers, options);
    set_method(&request, method)?;
    set_target(&request, target)?;
    Ok(request)
}

/// A response with the status and the body of `incoming`, and the headers that `rewrite` makes of its own.
pub fn forward_response(
    incoming: Response,
    rewrite: impl FnOnce(HeaderMap) -> HeaderMap,
) -> Result<Response, ErrorCode> {
    let status = incoming.get_status_code();
    // What is not final is no answer: a service that switches protocols was not asked to.
    if status < 200 {
        return Err(ErrorCode::HttpProtocolError);
    }
    let headers = headers_of(&incoming.get_headers()).ok_or(ErrorCode::HttpProtocolError)?;
    let fields = fields_of(&rewrite(headers))?;
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Response::consume_body(incoming, reader);
    drop(done);
    let (response, _sent) = Response::new(fields, Some(stream), trailers);
    set_status(&response, status)?;
    Ok(response)
}
