//! The life of one instance: what it may take on, and when it is over.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus};

use crate::options::InstanceReuse;
use crate::state::HostState;

type BoxSyncFuture = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Ends an instance that has nothing to do, or that takes too long over what it has.
pub(super) struct Expiration {
    idle: Duration,
    request_timeout: Option<Duration>,
    sleep: Pin<Box<Sleep>>,
    closing: Option<BoxSyncFuture>,
}

impl Expiration {
    pub(super) fn new(
        idle: Duration,
        request_timeout: Option<Duration>,
        mut closing: watch::Receiver<bool>,
    ) -> Self {
        let closing = async move {
            // An error means that the server is gone altogether.
            closing.wait_for(|closing| *closing).await.ok();
        };
        Self {
            idle,
            request_timeout,
            sleep: Box::pin(sleep(idle)),
            closing: Some(Box::pin(closing)),
        }
    }

    fn is_closing(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(closing) = &mut self.closing
            && closing.as_mut().poll(context).is_ready()
        {
            self.closing = None;
        }
        self.closing.is_none()
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle if self.is_closing(context) => return Poll::Ready(()),
            WorkerStatus::Idle => Some(self.idle),
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.request_timeout,
        };
        let Some(deadline) = limit.and_then(|limit| since.checked_add(limit)) else {
            return Poll::Pending;
        };
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

/// What one instance may take on.
pub(super) struct Worker {
    component: String,
    requests: usize,
    concurrent: usize,
    request_timeout: Option<Duration>,
    _alive: Alive,
}

impl Worker {
    pub(super) fn new(
        component: &str,
        reuse: &InstanceReuse,
        request_timeout: Option<Duration>,
        alive: &watch::Sender<usize>,
    ) -> Self {
        Self {
            component: component.to_owned(),
            requests: reuse.max_count.draw(fastrand::usize(..)),
            concurrent: reuse.max_concurrent.draw(fastrand::usize(..)),
            request_timeout,
            _alive: Alive::new(alive),
        }
    }
}

impl WorkerState for Worker {
    type StoreData = HostState;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.requests {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(&self, _: StoreContextMut<'_, HostState>, _: (), _: GuestTaskId) -> BoxSyncFuture {
        match self.request_timeout {
            Some(timeout) => Box::pin(sleep(timeout)),
            None => Box::pin(pending()),
        }
    }

    fn drop(&self, store: Store<HostState>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            eprintln!("An instance of `{}` failed: {error:#}", self.component);
        }
        drop(store);
    }
}

/// Counts an instance for as long as it is alive.
struct Alive(watch::Sender<usize>);

impl Alive {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|alive| *alive += 1);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|alive| *alive -= 1);
    }
}
