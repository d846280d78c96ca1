//! Handing an answer on: new headers, the same body.

use http::HeaderMap;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};
use spin_sdk::wasip3::wit_future;

use super::entry::set_status;
use super::fields::fields_of;
use super::inbound::headers_of;
use crate::http::framing::accept_answer;

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
    let mut headers = headers_of(&incoming.get_headers()).ok_or(ErrorCode::HttpProtocolError)?;
    if !accept_answer(&mut headers) {
        return Err(ErrorCode::HttpResponseTransferCoding(None));
    }
    let fields = fields_of(&rewrite(headers))?;
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Response::consume_body(incoming, reader);
    drop(done);
    let (response, _sent) = Response::new(fields, Some(stream), trailers);
    set_status(&response, status)?;
    Ok(response)
}
