//! A body that has begun to come, or turned out not to be there.
//!
//! WASI does not show whether a request that says no length has a body: the fields of the framing are hidden, and HTTP/2 has none.
//! Only reading tells. What was read so comes before the rest.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use spin_sdk::wasip3::{spawn, wit_future};

use super::drain::drain;
use super::outbound::{NoResponse, wait};
use crate::proxy::UpstreamFailure;

/// What is read of a body at first.
const CHUNK: usize = 16 * 1024;

/// The end of a body, and the trailers that come there.
pub(super) type End = FutureReader<Result<Option<Fields>, ErrorCode>>;

/// A body, some of which may have been read. Where it is dropped, the rest is taken after the answer.
#[expect(missing_debug_implementations, reason = "WASI's resources have none")]
pub struct Begun(Option<Parts>);

/// What has been read of a body, the rest, and how it ends.
pub(super) struct Parts {
    pub(super) first: Vec<u8>,
    pub(super) rest: StreamReader<u8>,
    pub(super) end: End,
}

impl From<Request> for Begun {
    fn from(request: Request) -> Self {
        let (done, reader) = wit_future::new(|| Ok(()));
        let (rest, end) = Request::consume_body(request, reader);
        // Dropping the writer tells the sender that all is well from our side.
        drop(done);
        Self(Some(Parts {
            first: Vec::new(),
            rest,
            end,
        }))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(parts) = self.0.take() {
            spawn(drain(parts.rest));
        }
    }
}

impl Begun {
    /// Reads the first piece: the body then, or `None` where there is none. The client has `limit` for it.
    pub async fn with_first_piece(mut self, limit: Duration) -> Result<Option<Self>, NoResponse> {
        let Some(mut parts) = self.0.take() else {
            return Ok(None);
        };
        loop {
            let (result, piece) = {
                let read = pin!(parts.rest.read(Vec::with_capacity(CHUNK)));
                match select(read, pin!(wait(limit))).await {
                    Either::Left((read, _)) => read,
                    Either::Right(_) => {
                        return Err(of_client(
                            UpstreamFailure::ClientTimeout,
                            "the body did not begin",
                        ));
                    }
                }
            };
            if !piece.is_empty() {
                parts.first = piece;
                return Ok(Some(Self(Some(parts))));
            }
            if !matches!(result, StreamResult::Complete(_)) {
                break;
            }
        }
        // Only the end's own result tells a whole body from one that broke off.
        match parts.end.await {
            Ok(_trailers) => Ok(None),
            Err(error) => Err(of_client(UpstreamFailure::BadRequest, &format!("{error:?}"))),
        }
    }

    /// What it is made of.
    pub(super) fn take(mut self) -> Option<Parts> {
        self.0.take()
    }
}

fn of_client(failure: UpstreamFailure, cause: &str) -> NoResponse {
    NoResponse {
        failure,
        cause: cause.to_owned(),
    }
}
