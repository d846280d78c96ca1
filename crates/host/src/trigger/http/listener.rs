//! Accepts connections, and closes them in order.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use pin_project_lite::pin_project;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

use super::places::Places;
use super::server::HttpServer;
use super::wire::{InFlight, Wire};
use super::{announce, refusal};

/// How long an HTTP/2 connection may be silent before it is asked whether the client is still there, and then again.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How many requests an HTTP/2 connection may have under way.
const MAX_STREAMS: u32 = 100;
/// The longest head of an HTTP/2 request, in bytes.
const MAX_HEADERS: u32 = 64 * 1024;

/// The time that requests in flight have to finish.
const DRAIN: Duration = Duration::from_secs(30);

/// A socket that requests come in by.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    server: Arc<HttpServer>,
    places: Places,
}

impl Listener {
    /// Listens on `address`; with port 0 on any port that is free.
    pub async fn bind(server: Arc<HttpServer>, address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "{address} is in use by another program: stop it, or choose another address with --listen, such as \
                 --listen {}:0 for any free port",
                address.ip()
            ),
            _ => anyhow!("cannot listen on {address}: {error}"),
        })?;
        let address = socket.local_addr().context("the socket has no address")?;
        server.bound_to(address);
        Ok(Self {
            socket,
            address,
            server,
            places: Places::by_open_files(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Prints where the application is served.
    pub fn announce(&self) {
        announce::print(self.address, self.server.router());
    }

    /// Serves until `stop`, then lets the requests in flight finish, for half a minute at most.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.accept() => match accepted {
                    Ok((stream, client)) => self.spawn(stream, client, &connections),
                    // Usually the process has too many files open: others must close first.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                },
            }
        }
        drop(self.socket);
        let drained = async {
            connections.shutdown().await;
            self.server.close().await;
        };
        if timeout(DRAIN, drained).await.is_err() {
            eprintln!(
                "Some requests did not finish within {} seconds and are cut off.",
                DRAIN.as_secs()
            );
        }
    }

    /// The next connection, once there is a place for it. Until then it waits in the system's queue.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.places.wait().await;
        self.socket.accept().await
    }

    fn spawn(&self, stream: TcpStream, client: SocketAddr, connections: &GracefulShutdown) {
        // Without it, an answer in several pieces waits for the client's delayed acknowledgements.
        stream.set_nodelay(true).ok();
        let place = self.places.take();
        let (wire, handle) = Wire::new(stream);
        let (server, of_connection) = (Arc::clone(&self.server), handle.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (server, in_flight) = (Arc::clone(&server), of_connection.begin());
            async move {
                let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
                let response = server.handle(request, client).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| Answering { body, in_flight }))
            }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        // Whoever has sent all of a request and says so still wants the answer.
        builder
            .http1()
            .half_close(true)
            .timer(TokioTimer::new())
            .header_read_timeout(None);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS);
        let connection = builder.serve_connection(TokioIo::new(wire), service).into_owned();
        let connection = connections.watch(connection);
        let server = Arc::clone(&self.server);
        tokio::spawn(async move {
            // Clients go away at any time; what matters of it, the guest sees as an error of its stream.
            connection.await.ok();
            if let Some((refused, asked)) = handle.refused() {
                let answer = refusal::answer(&refused, &asked, &server, client).await;
                if handle.write(&answer).await.is_err() {
                    return;
                }
            }
            handle.close().await;
            drop(place);
        });
    }
}

pin_project! {
    /// An answer's body, with which the request is over.
    struct Answering {
        #[pin]
        body: WasiBody,
        in_flight: InFlight,
    }
}

impl Body for Answering {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
