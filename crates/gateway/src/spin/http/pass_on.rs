//! Handing a request on to the next handler: new headers, the same body.

use http::{HeaderMap, Method, Uri};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, RequestOptions};
use spin_sdk::wasip3::wit_future;

use super::fields::fields_of;
use super::outbound::{set_method, set_target};

/// A request with another head and the body of `incoming`. Made anew, because the headers of an incoming request cannot be
/// changed, and sending one again could send `Host` twice.
pub(crate) fn forward_request(
    incoming: Request,
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
    options: Option<RequestOptions>,
) -> Result<Request, ErrorCode> {
    let fields = fields_of(headers)?;
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Request::consume_body(incoming, reader);
    // Dropping the writer tells the sender that all is well from our side.
    drop(done);
    let (request, _sent) = Request::new(fields, Some(stream), trailers, options);
    set_method(&request, method)?;
    set_target(&request, target)?;
    Ok(request)
}
