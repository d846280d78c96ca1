//! A request as it comes in.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::{spawn, wit_future};

use super::drain::{Unread, drain};
use crate::http::framing::check_request;
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
    let request_id = RequestId::of_request(headers, &SystemClock, &IdEntropy);
    let head = head.and_then(|head| check_request(head.headers()).map(|()| head));
    (request_id, head)
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
    /// Nothing has been read of this request, and all of it has to come within this time.
    Request(Unread, Duration),
    /// Nothing has been read of this response.
    Response(Response),
    /// Being read.
    Streaming(Streaming),
    /// Read to its end, or to its failure.
    Done,
}

/// A body that is being read. Whoever lets go of a request's in the middle leaves the rest to be taken.
#[expect(missing_debug_implementations, reason = "WASI's resources have none")]
pub struct Streaming {
    stream: Option<StreamReader<u8>>,
    end: Option<FutureReader<Result<Option<Fields>, ErrorCode>>>,
    /// Tells the sender, when it is dropped, that we have done with the body.
    _done: FutureWriter<Result<(), ErrorCode>>,
    /// When the client has to be through with it; `None` for what a service sends.
    deadline: Option<u64>,
}

impl Streaming {
    fn of_request(request: Request, limit: Duration) -> Self {
        let (done, reader) = wit_future::new(|| Ok(()));
        let (stream, end) = Request::consume_body(request, reader);
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Self {
            stream: Some(stream),
            end: Some(end),
            _done: done,
            deadline: Some(monotonic_clock::now().saturating_add(limit)),
        }
    }

    fn of_response(response: Response) -> Self {
        let (done, reader) = wit_future::new(|| Ok(()));
        let (stream, end) = Response::consume_body(response, reader);
        Self {
            stream: Some(stream),
            end: Some(end),
            _done: done,
            deadline: None,
        }
    }

    /// The next piece, or `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let Some(deadline) = self.deadline else {
            return self.read().await;
        };
        match select(pin!(self.read()), pin!(monotonic_clock::wait_until(deadline))).await {
            Either::Left((read, _)) => return read,
            Either::Right(_) => {}
        }
        // What has not come until now is not waited for again.
        self.stream = None;
        Err(BodyError::TimedOut)
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        while let Some(stream) = &mut self.stream {
            let (result, piece) = stream.read(Vec::with_capacity(CHUNK)).await;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
            if !matches!(result, StreamResult::Complete(_)) {
                self.stream = None;
            }
        }
        // Only the end's own result tells a whole body from one that broke off.
        match self.end.take() {
            Some(end) => match end.await {
                Ok(_trailers) => Ok(None),
                Err(error) => Err(BodyError::BrokenOff(format!("{error:?}"))),
            },
            None => Ok(None),
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        if self.deadline.is_some()
            && let Some(stream) = self.stream.take()
        {
            spawn(drain(stream));
        }
    }
}

impl Body for IncomingBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let mut streaming = match std::mem::replace(self, Self::Done) {
            Self::Request(mut unread, limit) => match unread.take() {
                Some(request) => Streaming::of_request(request, limit),
                None => return Ok(None),
            },
            Self::Response(response) => Streaming::of_response(response),
            Self::Streaming(streaming) => streaming,
            Self::Done => return Ok(None),
        };
        let read = streaming.next().await;
        if let Ok(Some(_)) = read {
            *self = Self::Streaming(streaming);
        }
        read
    }
}
