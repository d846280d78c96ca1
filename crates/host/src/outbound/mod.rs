//! What happens to the HTTP requests that guests send.
//!
//! A request leaves only to where the component's `allowed_outbound_hosts` let it. One to `NAME.spin.internal` never
//! leaves at all: it is handed to that component of the same application.

mod body;
mod client;
mod connect;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use self::body::TimedBody;
pub use self::client::Client;
use crate::allowed_hosts::{AllowedHosts, chained_component};

/// The time that each step of a request may take where the guest sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// The host name that means the application itself, for guests whose SDK wants one.
const SELF_HOST: &str = "self.alt";

/// A future that can be handed to another task.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The application as its own components reach it.
pub trait Neighbours: Send + Sync {
    /// Has the component of this name answer a request.
    fn call(
        &self,
        component: &str,
        request: Request<WasiBody>,
    ) -> BoxFuture<Result<Response<WasiBody>, Error>>;

    /// Where the application itself is served.
    fn origin(&self) -> Option<Authority>;
}

/// The outbound side of one instance.
#[derive(Clone)]
pub struct Outbound {
    allowed: Arc<AllowedHosts>,
    client: Client,
    neighbours: Option<Arc<dyn Neighbours>>,
}

type IoResult = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl Outbound {
    /// Requests go to `allowed` hosts, through `client`, or, where the trigger serves them, to `neighbours`.
    pub fn new(allowed: Arc<AllowedHosts>, client: Client, neighbours: Option<Arc<dyn Neighbours>>) -> Self {
        Self {
            allowed,
            client,
            neighbours,
        }
    }

    async fn send(
        self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        drop_empty_authority(request.uri_mut())?;
        self.check(request.uri())?;
        if is_self(request.uri()) {
            let origin = self
                .neighbours
                .as_ref()
                .and_then(|neighbours| neighbours.origin());
            readdress(request.uri_mut(), origin.ok_or(Error::HttpRequestUriInvalid)?)?;
        }
        // The client derives it from the address; a second one, taken over from an inbound request, must not go along.
        request.headers_mut().remove(HOST);

        let between_bytes = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response = match (&self.neighbours, request.uri().host().and_then(chained_component)) {
            (Some(neighbours), Some(component)) => {
                let component = component.to_owned();
                neighbours.call(&component, request).await?
            }
            _ => self.client.send(request, &options).await?,
        };
        Ok(response.map(|body| TimedBody::new(body, between_bytes).boxed_unsync()))
    }

    fn check(&self, uri: &Uri) -> Result<(), Error> {
        let allowed = if is_self(uri) {
            self.allowed.is_self_allowed("http") || self.allowed.is_self_allowed("https")
        } else {
            self.allowed.is_url_allowed(&uri.to_string(), "https")
        };
        if allowed {
            return Ok(());
        }
        // Without what may stand before the host: it can be a password.
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        eprintln!(
            "A request was denied: to allow it, add \"{}://{}{port}\" to allowed_outbound_hosts of the component.",
            uri.scheme_str().unwrap_or("https"),
            uri.host().unwrap_or("self"),
        );
        Err(Error::HttpRequestDenied)
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        // Whatever a guest reports about its reading of the response: there is nobody to tell.
        _outcome: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, IoResult), Error>> + Send> {
        let outbound = self.clone();
        Box::new(async move {
            let response = outbound.send(request, options.unwrap_or_default()).await?;
            // The connection is driven by the pool, and its failures show in the body.
            Ok((response, Box::new(async { Ok(()) }) as IoResult))
        })
    }
}

/// A URL without a host reaches this place with an empty one, which no URL may have.
fn drop_empty_authority(uri: &mut Uri) -> Result<(), Error> {
    if uri
        .authority()
        .is_some_and(|authority| authority.host().is_empty())
    {
        let path = uri
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        *uri = Uri::builder()
            .path_and_query(path)
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
    }
    Ok(())
}

fn is_self(uri: &Uri) -> bool {
    uri.host().is_none_or(|host| host == SELF_HOST)
}

fn readdress(uri: &mut Uri, origin: Authority) -> Result<(), Error> {
    let mut parts = std::mem::take(uri).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(origin);
    parts
        .path_and_query
        .get_or_insert_with(|| PathAndQuery::from_static("/"));
    *uri = Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime_config::OutboundHttp;

    #[test]
    fn a_url_without_a_host_means_the_application() {
        for (url, own) in [
            ("/path", true),
            ("http://self.alt/path", true),
            ("http://example.com/", false),
        ] {
            assert_eq!(is_self(&url.parse().unwrap()), own, "{url}");
        }
        let mut uri = "http://self.alt/path?q=1".parse().unwrap();
        readdress(&mut uri, Authority::from_static("127.0.0.1:3000")).unwrap();
        assert_eq!(uri.to_string(), "http://127.0.0.1:3000/path?q=1");
    }

    #[tokio::test]
    async fn what_is_not_allowed_is_denied_before_anything_else() {
        let client = Client::new(OutboundHttp::default()).unwrap();
        let outbound = Outbound::new(Arc::default(), client, None);
        for url in [
            "http://127.0.0.1:1/",
            "http://self.alt/",
            "http://signin.spin.internal/",
        ] {
            let body = http_body_util::Empty::new().map_err(Error::from).boxed_unsync();
            let request = Request::get(url).body(body).unwrap();
            let result = outbound.clone().send(request, RequestOptions::default()).await;
            assert!(matches!(result, Err(Error::HttpRequestDenied)), "{url}");
        }
    }
}
