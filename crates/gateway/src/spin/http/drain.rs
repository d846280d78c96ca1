//! Taking what nobody wants any more.
//!
//! A host closes a connection whose request was not read to its end. A client that writes all of a request before it reads then
//! finds the connection gone, and the answer with it (RFC 9112, section 9.6). So the rest of a body is taken, within bounds, while
//! the answer is on its way.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use http::{Method, header};
use spin_sdk::wasip3::http::types::Request;
use spin_sdk::wasip3::wit_bindgen::{StreamReader, StreamResult};
use spin_sdk::wasip3::{spawn, wit_future};

use super::outbound::wait;

/// What is read of a body at once.
const CHUNK: usize = 64 * 1024;

/// What is taken at the most: more than any client sends that is to be told how much it may send.
const MOST: usize = 32 * 1024 * 1024;

/// For how long at the most.
const LONGEST: Duration = Duration::from_secs(10);

/// A request whose body nobody has read. Where it is dropped so, the body is taken after the answer.
#[expect(missing_debug_implementations, reason = "WASI's resources have none")]
pub struct Unread(Option<Request>);

impl Unread {
    /// This request.
    pub fn new(request: Request) -> Self {
        Self(Some(request))
    }

    /// The request itself, for whoever reads its body or hands it on. `None` the second time.
    pub fn take(&mut self) -> Option<Request> {
        self.0.take()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(request) = self.0.take().filter(may_have_body) {
            let (done, reader) = wit_future::new(|| Ok(()));
            let (body, _end) = Request::consume_body(request, reader);
            drop(done);
            spawn(drain(body));
        }
    }
}

/// Takes the rest of a body, within bounds.
pub(super) async fn drain(mut body: StreamReader<u8>) {
    let all = pin!(async {
        let mut left = MOST;
        while left > 0 {
            let (result, piece) = body.read(Vec::with_capacity(CHUNK)).await;
            if !matches!(result, StreamResult::Complete(_)) {
                return;
            }
            left = left.saturating_sub(piece.len());
        }
    });
    select(all, pin!(wait(LONGEST))).await;
}

/// Whether there is anything to take: a request of these methods that announces no length has practically never a body, and
/// whoever waits to be asked for one has not begun to send it (RFC 9110, section 10.1.1).
fn may_have_body(request: &Request) -> bool {
    let headers = request.get_headers();
    if headers.has(header::EXPECT.as_str()) {
        return false;
    }
    let length = headers.get(header::CONTENT_LENGTH.as_str());
    match length.first() {
        Some(length) => length != b"0",
        None => Method::try_from(request.get_method())
            .is_ok_and(|method| !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS)),
    }
}
