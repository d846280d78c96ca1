//! The client's body on its way to a service.
//!
//! The host tells of a request that failed, and not whether the service or the client broke it off. So the body passes through
//! here piece by piece, and whoever waits for the answer is told how it went: whose fault a failure is can be known only by that.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use http::{HeaderMap, Method, Uri};
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, RequestOptions, Response};
use spin_sdk::wasip3::wit_bindgen::{FutureWriter, StreamReader, StreamResult, StreamWriter};
use spin_sdk::wasip3::{spawn, wit_future, wit_stream};

use super::begun::{Begun, Parts};
use super::drain::drain;
use super::fields::fields_of;
use super::outbound::{NoResponse, send, set_method, set_target, wait};
use crate::proxy::UpstreamFailure;

/// What is read of a body at once.
const CHUNK: usize = 64 * 1024;

/// How long the sides of an upload may take.
#[derive(Clone, Copy, Debug)]
pub struct UploadLimits {
    /// The client, for the next piece.
    pub client: Duration,
    /// The service, to take a piece, and to begin its answer once it has the whole body.
    pub service: Duration,
}

/// How an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    /// The client sends.
    UnderWay,
    /// The service has all of it, or wants no more.
    Done,
    /// The service takes no more, and does not say so.
    Stalled,
    /// The client broke off, or sent what is no body.
    BrokenOff,
    /// The client's next piece did not come.
    TimedOut,
}

/// Sends a request with this body, and waits for the head of the answer.
pub async fn send_upload(
    body: Begun,
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
    options: RequestOptions,
    limits: UploadLimits,
) -> Result<Response, NoResponse> {
    let fields = fields_of(headers)?;
    let body = body.take().ok_or(ErrorCode::HttpProtocolError)?;
    let (writer, contents) = wit_stream::new();
    // Dropped without a value, the writer says that the body broke off.
    let (trailers_writer, trailers) = wit_future::new(|| Err(ErrorCode::HttpProtocolError));
    let (request, _sent) = Request::new(fields, Some(contents), trailers, Some(options));
    set_method(&request, method)?;
    set_target(&request, target)?;

    let (state, changed) = (Rc::new(Cell::new(Upload::UnderWay)), oneshot::channel());
    let pump = Pump {
        state: Rc::clone(&state),
        tell: Some(changed.0),
        limits,
    };
    spawn(pump.run(body, writer, trailers_writer));

    let verdict = pin!(async {
        // Whoever tells is never dropped before it has told.
        let upload = changed.1.await.unwrap_or(Upload::Done);
        if upload == Upload::Done {
            wait(limits.service).await;
        }
        upload
    });
    match select(pin!(send(request)), verdict).await {
        Either::Left((Ok(response), _)) => Ok(response),
        Either::Left((Err(error), _)) => Err(no_response(state.get(), error)),
        Either::Right((upload, _)) => Err(no_response(upload, ErrorCode::ConnectionReadTimeout)),
    }
}

/// What a failure means, by how the upload stood.
fn no_response(upload: Upload, error: ErrorCode) -> NoResponse {
    let mut failed = NoResponse::from(error);
    match upload {
        Upload::BrokenOff => failed.failure = UpstreamFailure::BadRequest,
        Upload::TimedOut => failed.failure = UpstreamFailure::ClientTimeout,
        // It may have refused the body by ending the connection, as a server does that has not read all of it.
        Upload::UnderWay if failed.failure == UpstreamFailure::BrokenOff => {
            failed.failure = UpstreamFailure::Unreadable;
        }
        Upload::UnderWay | Upload::Done | Upload::Stalled => {}
    }
    failed
}

type Trailers = FutureWriter<Result<Option<Fields>, ErrorCode>>;

/// Carries a body from the client to the service.
struct Pump {
    state: Rc<Cell<Upload>>,
    tell: Option<oneshot::Sender<Upload>>,
    limits: UploadLimits,
}

impl Pump {
    async fn run(mut self, body: Parts, mut writer: StreamWriter<u8>, trailers: Trailers) {
        let Parts {
            mut first,
            rest: mut body,
            end,
        } = body;
        loop {
            let piece = if first.is_empty() {
                let Some(piece) = self.next_piece(&mut body).await else {
                    return;
                };
                piece
            } else {
                std::mem::take(&mut first)
            };
            if piece.is_empty() {
                break;
            }
            let left = match select(pin!(writer.write_all(piece)), pin!(wait(self.limits.service))).await {
                Either::Left((left, _)) => left,
                Either::Right(_) => return self.turn(Upload::Stalled),
            };
            if !left.is_empty() {
                self.turn(Upload::Done);
                return drain(body).await;
            }
        }
        // Only the end's own result tells a whole body from one that broke off.
        match end.await {
            Ok(fields) => {
                self.turn(Upload::Done);
                drop(writer);
                // A service that wants no trailers gets none.
                let _ = trailers.write(Ok(fields)).await;
            }
            Err(_) => self.turn(Upload::BrokenOff),
        }
    }

    /// The next piece, an empty one at the end, or nothing where it does not come.
    async fn next_piece(&mut self, body: &mut StreamReader<u8>) -> Option<Vec<u8>> {
        loop {
            let read = pin!(body.read(Vec::with_capacity(CHUNK)));
            let (result, piece) = match select(read, pin!(wait(self.limits.client))).await {
                Either::Left((read, _)) => read,
                Either::Right(_) => {
                    self.turn(Upload::TimedOut);
                    return None;
                }
            };
            if !piece.is_empty() || !matches!(result, StreamResult::Complete(_)) {
                return Some(piece);
            }
        }
    }

    fn turn(&mut self, upload: Upload) {
        if self.state.get() == Upload::UnderWay {
            self.state.set(upload);
        }
        if let Some(tell) = self.tell.take() {
            // Nobody listens once the answer is there.
            let _ = tell.send(upload);
        }
    }
}
