//! Opens the connections of the pool, plain or with TLS, and no more of them than are allowed.
//!
//! As in Spin, a connection that would be one too many waits for another to end, for as long as connecting may take. Spin then
//! reports that connecting took too long; we say why.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{Scheme, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;
use wasmtime_wasi_http::Error;

use super::BoxFuture;

tokio::task_local! {
    /// The time that the request at hand allows for a new connection. The pool has no way to pass it along.
    pub(super) static CONNECT_TIMEOUT: Duration;
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the URL has no host")]
    NoHost,
    #[error("the host name has no address")]
    NoAddress,
    #[error("the connection is refused")]
    Refused,
    #[error("connecting takes too long")]
    Timeout,
    #[error("there are as many connections as are allowed")]
    LimitReached,
    #[error("no TLS session could be made")]
    Tls,
}

impl From<&ConnectError> for Error {
    fn from(error: &ConnectError) -> Self {
        match error {
            ConnectError::NoHost => Self::HttpRequestUriInvalid,
            ConnectError::NoAddress => Self::DnsError {
                rcode: Some("address not available".into()),
                info_code: Some(0),
            },
            ConnectError::Refused => Self::ConnectionRefused,
            ConnectError::Timeout => Self::ConnectionTimeout,
            ConnectError::LimitReached => Self::ConnectionLimitReached,
            ConnectError::Tls => Self::TlsProtocolError,
        }
    }
}

/// Connects to the host of a URL.
#[derive(Clone)]
pub(super) struct Connector {
    tls: TlsConnector,
    permits: Option<Arc<Semaphore>>,
}

impl Connector {
    pub(super) fn new(max_connections: Option<usize>) -> anyhow::Result<Self> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            permits: max_connections.map(|most| Arc::new(Semaphore::new(most))),
        })
    }

    /// The permit for a further connection, or none where they are not counted.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(self.permits.as_ref()?).acquire_owned().await.ok()
    }

    async fn connect(self, uri: Uri, permit: Option<OwnedSemaphorePermit>) -> Result<Stream, ConnectError> {
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri
            .host()
            .ok_or(ConnectError::NoHost)?
            .trim_start_matches('[')
            .trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let addresses: Vec<_> = lookup_host((host, port))
            .await
            .map_err(|_| ConnectError::NoAddress)?
            .collect();
        let stream = TcpStream::connect(&*addresses)
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::AddrNotAvailable => ConnectError::NoAddress,
                _ => ConnectError::Refused,
            })?;
        // Without it, a small request may wait for the acknowledgement of the one before.
        stream.set_nodelay(true).ok();
        if !secure {
            return Ok(Stream::new(Transport::Plain(TokioIo::new(stream)), permit));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::NoAddress)?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|_| ConnectError::Tls)?;
        Ok(Stream::new(
            Transport::Tls(Box::new(TokioIo::new(stream))),
            permit,
        ))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = BoxFuture<Result<Stream, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = CONNECT_TIMEOUT
            .try_with(|limit| *limit)
            .unwrap_or(super::DEFAULT_TIMEOUT);
        let connector = self.clone();
        Box::pin(async move {
            let start = Instant::now();
            let permit = timeout(limit, connector.permit())
                .await
                .map_err(|_elapsed| ConnectError::LimitReached)?;
            let left = limit.saturating_sub(start.elapsed());
            timeout(left, connector.connect(uri, permit))
                .await
                .map_err(|_elapsed| ConnectError::Timeout)?
        })
    }
}

/// A connection to a server.
pub(super) struct Stream {
    transport: Transport,
    /// Given back with the end of the connection.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Stream {
    fn new(transport: Transport, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            transport,
            _permit: permit,
        }
    }
}

enum Transport {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match &self.transport {
            Transport::Tls(stream) if stream.inner().get_ref().1.alpn_protocol() == Some(b"h2") => {
                Connected::new().negotiated_h2()
            }
            _ => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
