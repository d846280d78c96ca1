//! A response body that may not pause for too long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, WasiBody};

pin_project! {
    /// Ends `body` with an error once its next piece takes longer than `timeout`.
    pub(super) struct TimedBody {
        // Taken away when the time is over: the connection goes at once, not when the guest lets go of the body.
        body: Option<WasiBody>,
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl TimedBody {
    pub(super) fn new(body: WasiBody, timeout: Duration) -> Self {
        Self {
            body: Some(body),
            timeout,
            sleep: None,
        }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut() else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            this.sleep.set(None);
            return Poll::Ready(frame);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.timeout)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(context));
        }
        *this.body = None;
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Full, StreamBody};

    #[tokio::test]
    async fn a_pause_ends_the_body() {
        let stalled = StreamBody::new(futures_util::stream::pending()).boxed_unsync();
        let mut body = std::pin::pin!(TimedBody::new(stalled, Duration::from_millis(50)));
        let frame = body.frame().await;
        assert!(matches!(frame, Some(Err(Error::ConnectionReadTimeout))));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_body_without_pauses_is_left_alone() {
        let whole = Full::new(Bytes::from_static(b"whole"))
            .map_err(Error::from)
            .boxed_unsync();
        let body = TimedBody::new(whole, Duration::from_secs(3));
        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");
    }
}
