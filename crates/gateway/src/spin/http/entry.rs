//! The entry point of a component.

use std::time::Duration;

use http::Request as HttpRequest;
/// What a component exports: the handler of requests.
pub use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, Response};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader};
use spin_sdk::wasip3::{spawn, wit_future, wit_stream};

use super::drain::Unread;
use super::fields::fields_of;
use super::inbound::{IncomingBody, receive_head};
use crate::browser::secure;
use crate::client;
use crate::config::{ConfigError, read_optional, time_limit};
use crate::http::{self as library, HttpError, RequestId};
use crate::per_instance::PerInstance;
use crate::refusals::{Asked, Refusal};
use crate::spin::{SpinVariables, SpinWay, SystemClock};

/// Makes an `async fn(Request) -> Response` over WASI's types the entry point of the component. It cannot fail: whatever goes
/// wrong has to be an answer, because Spin would make of an error a 500 without a body.
#[macro_export]
macro_rules! http_component {
    ($handle:path) => {
        struct Component;
        $crate::spin::sdk::wasip3::http::service::export!(Component);

        impl $crate::spin::http::Guest for Component {
            async fn handle(
                request: $crate::spin::http::Request,
            ) -> Result<$crate::spin::http::Response, $crate::spin::http::ErrorCode> {
                Ok($handle(request).await)
            }
        }
    };
}

/// Answers a request through the library's types.
pub async fn serve(
    request: Request,
    handler: impl AsyncFnOnce(HttpRequest<IncomingBody>, &RequestId) -> Result<library::Response, HttpError>,
) -> Response {
    let (request_id, head) = receive_head(&request);
    let body = Unread::new(request);
    let result = async { handler(with_body(head?, body).await?, &request_id).await };
    answer_within(library::finish(result.await, &request_id))
}

/// Answers a request as [`serve`] does, where no middleware stands before us that would tell browsers what they need to know.
pub async fn serve_outermost(
    request: Request,
    handler: impl AsyncFnOnce(HttpRequest<IncomingBody>, &RequestId) -> Result<library::Response, HttpError>,
) -> Response {
    let (request_id, head) = receive_head(&request);
    let by_https = head
        .as_ref()
        .is_ok_and(|head| head.uri().scheme_str() == Some("https"));
    // Such a component trusts no proxy: the client is whoever made the connection.
    let asked = head
        .as_ref()
        .ok()
        .map(|head| Asked::of(head, &client::Settings::default()));
    let body = Unread::new(request);
    let result = async { handler(with_body(head?, body).await?, &request_id).await };
    let mut response = library::finish(result.await, &request_id);
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        refusal.log(&request_id, asked.as_ref(), &SystemClock);
    }
    secure(response.headers_mut(), by_https);
    answer(response)
}

thread_local! { static BODY_TIMEOUT: PerInstance<Duration> = const { PerInstance::new() }; }

/// How long a whole body may take where the component has no variable for it.
const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The request with its body, all of which has to come within `request_body_timeout`.
async fn with_body(head: HttpRequest<()>, body: Unread) -> Result<HttpRequest<IncomingBody>, HttpError> {
    let limit = PerInstance::get_or_try_init(&BODY_TIMEOUT, &SpinWay, async || {
        let limit = read_optional(&SpinVariables, "request_body_timeout", time_limit).await?;
        Ok::<_, ConfigError>(limit.unwrap_or(DEFAULT_BODY_TIMEOUT))
    });
    let limit = *limit.await?;
    Ok(head.map(|()| IncomingBody::Request(body, limit)))
}

/// The answer of a frame behind another one, which is told of a refusal.
pub(crate) fn answer_within(mut response: library::Response) -> Response {
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        refusal.mark(response.headers_mut());
    }
    answer(response)
}

/// WASI's response for one of ours. The body leaves in one piece, after the answer has been returned.
pub fn answer(response: library::Response) -> Response {
    let (head, body) = response.into_parts();
    // Our own headers are never among those that WASI forbids.
    let fields = fields_of(&head.headers).unwrap_or_else(|_| Fields::new());
    let (contents, trailers) = contents_of(body.into());
    let (response, _sent) = Response::new(fields, contents, trailers);
    // Only a status outside 100..=599 is refused, which ours never is.
    let _ = set_status(&response, head.status.as_u16());
    response
}

/// Sets the status of a new response, which is 200 until then.
pub(super) fn set_status(response: &Response, status: u16) -> Result<(), ErrorCode> {
    if status == 200 {
        return Ok(());
    }
    response
        .set_status_code(status)
        .map_err(|()| ErrorCode::HttpProtocolError)
}

type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

/// A whole body as WASI takes it.
pub(super) fn contents_of(body: Vec<u8>) -> (Option<StreamReader<u8>>, Trailers) {
    // Dropped without a value, the writer says what is true: there are no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    if body.is_empty() {
        return (None, trailers);
    }
    let (mut writer, reader) = wit_stream::new();
    spawn(async move {
        // What is left unwritten is what the client no longer wants.
        writer.write_all(body).await;
    });
    (Some(reader), trailers)
}
