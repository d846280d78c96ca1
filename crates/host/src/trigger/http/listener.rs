//! Accepts connections, and closes them in order.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use wasmtime_wasi_http::Error;

use super::announce;
use super::server::HttpServer;

/// The time that requests in flight have to finish.
const DRAIN: Duration = Duration::from_secs(30);

/// A socket that requests come in by.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    server: Arc<HttpServer>,
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
                accepted = self.socket.accept() => match accepted {
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

    fn spawn(&self, stream: TcpStream, client: SocketAddr, connections: &GracefulShutdown) {
        // Without it, an answer in several pieces waits for the client's delayed acknowledgements.
        stream.set_nodelay(true).ok();
        let server = Arc::clone(&self.server);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let server = Arc::clone(&server);
            async move {
                let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
                Ok::<_, std::convert::Infallible>(server.handle(request, client).await)
            }
        });
        let builder = Builder::new(TokioExecutor::new());
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // Clients go away at any time; what matters of it, the guest sees as an error of its stream.
            connection.await.ok();
        });
    }
}
