//! A request as it comes in.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;

use crate::http::{Body, BodyError, Code, HttpError, RequestId};
use crate::spin::{IdEntropy, SystemClock};

/// What is read of a body at once.
const CHUNK: usize = 16 * 1024;

/// Method, URI (with the authority, where there is one) and headers of a request, which itself stays as it is.
fn head_of(request: &Request) -> Result<http::Request<()>, HttpError> {
    let unreadable = |what: &str| {
        HttpError::new(
            Code::BadRequest,
            format!("The {what} of the request is not valid."),
        )
    };
    let mut head = http::Request::new(());
    *head.method_mut() = Method::try_from(request.get_method()).map_err(|_| unreadable("method"))?;
    *head.headers_mut() = headers_of(&request.get_headers()).ok_or_else(|| unreadable("headers"))?;
    *head.uri_mut() = uri_of(request, head.headers()).ok_or_else(|| unreadable("target"))?;
    Ok(head)
}

/// The head of a request, and the id under which it will be answered, whatever is wrong with the head.
pub fn receive_head(request: &Request) -> (RequestId, Result<http::Request<()>, HttpError>) {
    let head = head_of(request);
    let none = HeaderMap::new();
    let headers = head.as_ref().map_or(&none, http::Request::headers);
    (RequestId::of_request(headers, &SystemClock, &IdEntropy), head)
}

fn uri_of(request: &Request, headers: &HeaderMap) -> Option<Uri> {
    let path = request.get_path_with_query().unwrap_or_else(|| "/".to_owned());
    let builder = Uri::builder().path_and_query(path);
    let host = || headers.get(header::HOST)?.to_str().ok().map(str::to_owned);
    let builder = match request
        .get_authority()
        .or_else(host)
        .filter(|authority| !authority.is_empty())
    {
        Some(authority) => {
            let scheme = if matches!(request.get_scheme(), Some(Scheme::Https)) {
                "https"
            } else {
                "http"
            };
            builder.scheme(scheme).authority(authority)
        }
        None => builder,
    };
    builder.build().ok()
}

/// The headers as the library knows them.
pub(super) fn headers_of(fields: &Fields) -> Option<HeaderMap> {
    let fields = fields.copy_all();
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        headers.append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        );
    }
    Some(headers)
}

/// The body of an incoming message, not touched before it is read.
#[expect(missing_debug_implementations, reason = "WASI's resources have none")]
pub enum IncomingBody {
    /// Nothing has been read of this request.
    Request(Request),
    /// Nothing has been read of this response.
    Response(Response),
    /// Being read.
    Streaming(Streaming),
    /// Read to its end, or to its failure.
    Done,
}

/// A body that is being read.
#[expect(missing_debug_implementations, reason = "WASI's resources have none")]
pub struct Streaming {
    stream: StreamReader<u8>,
    end: FutureReader<Result<Option<Fields>, ErrorCode>>,
    /// Tells the sender, when it is dropped, that we have done with the body.
    _done: FutureWriter<Result<(), ErrorCode>>,
}

impl Body for IncomingBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        loop {
            match std::mem::replace(self, Self::Done) {
                Self::Request(request) => {
                    let (done, reader) = wit_future::new(|| Ok(()));
                    let (stream, end) = Request::consume_body(request, reader);
                    *self = Self::Streaming(Streaming {
                        stream,
                        end,
                        _done: done,
                    });
                }
                Self::Response(response) => {
                    let (done, reader) = wit_future::new(|| Ok(()));
                    let (stream, end) = Response::consume_body(response, reader);
                    *self = Self::Streaming(Streaming {
                        stream,
                        end,
                        _done: done,
                    });
                }
                Self::Streaming(mut streaming) => {
                    let (result, chunk) = streaming.stream.read(Vec::with_capacity(CHUNK)).await;
                    if !chunk.is_empty() {
                        *self = Self::Streaming(streaming);
                        return Ok(Some(chunk));
                    }
                    if matches!(result, StreamResult::Complete(_)) {
                        *self = Self::Streaming(streaming);
                        continue;
                    }
                    // Only the end's own result tells a whole body from one that broke off.
                    return match streaming.end.await {
                        Ok(_trailers) => Ok(None),
                        Err(error) => Err(BodyError(format!("{error:?}"))),
                    };
                }
                Self::Done => return Ok(None),
            }
        }
    }
}
