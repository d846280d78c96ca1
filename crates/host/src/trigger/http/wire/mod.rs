//! A connection of a client, as hyper reads and writes it.
//!
//! It stands between the socket and hyper for what hyper does not do: heads are checked to the letter before hyper sees them, whoever
//! is refused gets an answer that says why, no wait on the client is without end, and the connection closes in stages, so that
//! an answer is not lost with it (RFC 9112, section 9.6).

mod framing;
mod head;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use self::framing::Follower;
pub(super) use self::head::{Asked, Refused};

/// How long a client may take for a head, from its first byte.
const HEAD: Duration = Duration::from_secs(10);
/// How long it may be silent in the middle of a body. The components' own limits are shorter or as long.
const BODY: Duration = Duration::from_secs(40);
/// How long a connection may wait for the next request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a client may take no byte of an answer.
const WRITE: Duration = Duration::from_secs(60);

/// While a request is answered, it is looked from time to time whether it is.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// What is read of the socket at once.
const CHUNK: usize = 16 * 1024;

/// After the last answer, what a client still sends is taken, so much of it and so long.
const MOST_LINGERED: usize = 32 * 1024 * 1024;
const LONGEST_LINGER: Duration = Duration::from_secs(5);

/// What the two sides of a connection know of each other.
#[derive(Debug, Default)]
struct Shared {
    /// Requests that are not answered yet.
    in_flight: AtomicUsize,
    /// The request that is not taken, once there is one.
    refused: Mutex<Option<(Refused, Asked)>>,
}

/// Says that a request is under way, for as long as it lives.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The side of a connection that stays with whoever serves it.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
}

impl Handle {
    /// Notes a request that begins.
    pub(super) fn begin(&self) -> InFlight {
        self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.shared))
    }

    /// The request that was not taken, if there is one.
    pub(super) fn refused(&self) -> Option<(Refused, Asked)> {
        let mut refused = self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.take()
    }

    /// Writes bytes of ours, once hyper has let go of the connection.
    pub(super) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            timeout(WRITE, self.stream.writable()).await??;
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Closes in stages: says that nothing more comes, and takes what the client still sends until it has read that.
    pub(super) async fn close(&self) {
        if SockRef::from(&*self.stream)
            .shutdown(std::net::Shutdown::Write)
            .is_err()
        {
            return;
        }
        let taken = async {
            let (mut buffer, mut left) = (vec![0; CHUNK], MOST_LINGERED);
            while left > 0 {
                self.stream.readable().await?;
                match self.stream.try_read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => left = left.saturating_sub(read),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            io::Result::Ok(())
        };
        timeout(LONGEST_LINGER, taken).await.ok();
    }
}

/// The side that hyper has.
pub(super) struct Wire {
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
    follower: Follower,
    received: Vec<u8>,
    /// What hyper has yet to read, and how much of it it has read.
    passed: Vec<u8>,
    read: usize,
    /// Nothing more is read: the client has said that it is done, or is refused.
    over: bool,
    reads: Patience,
    writes: Patience,
}

impl Wire {
    /// A connection that begins.
    pub(super) fn new(stream: TcpStream) -> (Self, Handle) {
        let handle = Handle {
            stream: Arc::new(stream),
            shared: Arc::default(),
        };
        let wire = Self {
            stream: Arc::clone(&handle.stream),
            shared: Arc::clone(&handle.shared),
            follower: Follower::new(),
            received: vec![0; CHUNK],
            passed: Vec::new(),
            read: 0,
            over: false,
            reads: Patience::default(),
            writes: Patience::default(),
        };
        (wire, handle)
    }

    fn refuse(&mut self, refused: Refused) {
        let asked = head::asked(self.follower.held());
        let mut slot = self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some((refused, asked));
        self.over = true;
    }

    /// How long the client may be silent now; `None` while it is our turn.
    fn patience(&self) -> Option<Duration> {
        if self.follower.is_in_head() {
            Some(HEAD)
        } else if !self.follower.is_between_requests() {
            Some(BODY)
        } else if self.shared.in_flight.load(Ordering::Relaxed) == 0 {
            Some(IDLE)
        } else {
            None
        }
    }

    /// Reads from the socket, and passes on what may go on.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.stream.try_read(&mut self.received) {
                Ok(0) => {
                    self.over = true;
                    return Poll::Ready(Ok(()));
                }
                Ok(read) => {
                    let was_in_head = self.follower.is_in_head();
                    let taken = self.follower.take(&self.received[..read], &mut self.passed);
                    // A head has its time from its first byte on, however many more come.
                    if !(was_in_head && self.follower.is_in_head() && self.passed.is_empty()) {
                        self.reads.renew();
                    }
                    if let Err(refused) = taken {
                        self.refuse(refused);
                    }
                    if self.over || !self.passed.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let patience = self.patience();
                    if self.reads.is_over(patience, context) {
                        return Poll::Ready(self.give_up());
                    }
                    ready!(self.stream.poll_read_ready(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// The client was silent for too long.
    fn give_up(&mut self) -> io::Result<()> {
        if self.follower.is_in_head() {
            self.refuse(head::TOO_LATE);
        } else if !self.follower.is_between_requests() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.over = true;
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read == this.passed.len() && !this.over {
            this.passed.clear();
            this.read = 0;
            ready!(this.poll_fill(context))?;
        }
        let rest = &this.passed[this.read..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        this.read += count;
        Poll::Ready(Ok(()))
    }
}

impl Wire {
    fn poll_written(
        &mut self,
        context: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match write(&self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.writes.is_over(Some(WRITE), context) {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    ready!(self.stream.poll_write_ready(context))?;
                }
                result => {
                    self.writes.renew();
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(context, |stream| stream.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The connection is closed in stages by whoever serves it, after an answer perhaps that hyper does not give.
    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(context, |stream| stream.try_write_vectored(buffers))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

/// How long one waits. The timer is set anew only where it rings too early: most waits are over long before.
#[derive(Default)]
struct Patience {
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Something has come.
    fn renew(&mut self) {
        self.since = None;
    }

    /// Whether nothing has come for `limit`. Where it has not been so long, `context` is woken when it has.
    fn is_over(&mut self, limit: Option<Duration>, context: &mut Context<'_>) -> bool {
        let Some(limit) = limit else {
            // It is our turn, and the client's time begins after it: look again then.
            self.since = None;
            self.is_over_at(Instant::now() + LOOK_AGAIN, context);
            return false;
        };
        let deadline = *self.since.get_or_insert_with(Instant::now) + limit;
        self.is_over_at(deadline, context)
    }

    fn is_over_at(&mut self, deadline: Instant, context: &mut Context<'_>) -> bool {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // One that rings earlier is set anew then.
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }
}
