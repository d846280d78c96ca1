//! The HTTP client behind the guests' requests: one pool of connections for the whole application.

use std::error::Error as _;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::{self, Client as PooledClient};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::DEFAULT_TIMEOUT;
use super::connect::{CONNECT_TIMEOUT, ConnectError, Connector};
use crate::runtime_config::OutboundHttp;
use crate::trigger::http::request::remove_nominated;

/// Sends requests over pooled connections, HTTP/2 where a server offers it under TLS.
#[derive(Clone)]
pub struct Client(PooledClient<Connector, WasiBody>);

impl Client {
    /// A client with an empty pool.
    pub fn new(config: OutboundHttp) -> anyhow::Result<Self> {
        let mut builder = PooledClient::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        if !config.connection_pooling {
            builder.pool_max_idle_per_host(0);
        }
        Ok(Self(builder.build(Connector::new(config.max_connections)?)))
    }

    /// Sends `request` and waits for the head of its response.
    pub(super) async fn send(
        &self,
        request: Request<WasiBody>,
        options: &RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let or_default = |timeout: Option<Duration>| timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response = CONNECT_TIMEOUT.scope(or_default(options.connect_timeout), self.0.request(request));
        let response = timeout(or_default(options.first_byte_timeout), response)
            .await
            .map_err(|_elapsed| Error::ConnectionReadTimeout)?
            .map_err(|error| code(&error))?;
        let mut response = response.map(|body| body.map_err(Error::from).boxed_unsync());
        let headers = response.headers_mut();
        if headers.contains_key(TRANSFER_ENCODING) {
            check_codings(headers)?;
            // The coding says where the body ends (RFC 9112, section 6.3).
            headers.remove(CONTENT_LENGTH);
        }
        // A guest does not see `Connection`, and so cannot do it.
        remove_nominated(headers);
        Ok(response)
    }
}

/// A coding that nobody here takes off must not be lost with its name (RFC 9112, section 6.1).
fn check_codings(headers: &HeaderMap) -> Result<(), Error> {
    let lines = headers.get_all(TRANSFER_ENCODING).iter();
    let codings = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let mut codings = codings.map(<[u8]>::trim_ascii);
    match (codings.next(), codings.next()) {
        (Some(only), None) if only.eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Error::HttpResponseTransferCoding(None)),
    }
}

/// What a guest is told of a failed request: why there is no connection, or that HTTP was not spoken on it.
fn code(error: &legacy::Error) -> Error {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            return error.into();
        }
        cause = error.source();
    }
    Error::HttpProtocolError
}
