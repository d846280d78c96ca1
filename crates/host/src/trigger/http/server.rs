//! Takes a request to the component that its path belongs to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock, Weak};

use anyhow::Context as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use super::handler::{ComponentHandler, Lifecycle};
use super::request;
use crate::app::App;
use crate::instances::Instances;
use crate::options::InstanceReuse;
use crate::outbound::{BoxFuture, Neighbours};
use crate::routes::{Match, Router, WELL_KNOWN_PREFIX};

/// The client address of requests that one component sends to another.
const CHAINED_CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The HTTP side of an application.
pub struct HttpServer {
    router: Router,
    handlers: HashMap<String, ComponentHandler>,
    info: String,
    address: OnceLock<SocketAddr>,
    lifecycle: Lifecycle,
    /// For futures that outlive the call that made them.
    this: Weak<Self>,
}

impl HttpServer {
    /// Serves the HTTP triggers of `app`, whose components are in `instances`.
    pub fn new(
        app: &App,
        instances: &HashMap<String, Arc<Instances>>,
        reuse: &InstanceReuse,
    ) -> anyhow::Result<Arc<Self>> {
        let router = Router::new(&app.http_triggers)?;
        for duplicate in router.duplicates() {
            eprintln!(
                "The route {} of `{}` is never used: `{}` has the same one.",
                duplicate.route, duplicate.replaced, duplicate.effective
            );
        }
        let lifecycle = Lifecycle::new();
        let mut failure = Ok(());
        let server = Arc::new_cyclic(|this: &Weak<Self>| {
            let mut handlers = HashMap::new();
            for trigger in &app.http_triggers {
                let id = &trigger.component;
                let handler = instances
                    .get(id)
                    .with_context(|| format!("there is no component `{id}`"))
                    .and_then(|code| {
                        ComponentHandler::new(Arc::clone(code), *reuse, this.clone(), &lifecycle)
                    });
                match handler {
                    Ok(handler) => drop(handlers.insert(id.clone(), handler)),
                    Err(error) => failure = Err(error),
                }
            }
            Self {
                router,
                handlers,
                info: info(app),
                address: OnceLock::new(),
                lifecycle,
                this: this.clone(),
            }
        });
        failure.map(|()| server)
    }

    /// The routes, for the start-up message.
    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    /// Says where the server is reached, once that is known.
    pub(super) fn bound_to(&self, address: SocketAddr) {
        // A second listener would not change where the application finds itself.
        self.address.set(address).ok();
    }

    /// Lets the instances finish their work.
    pub(super) async fn close(&self) {
        self.lifecycle.close().await;
    }

    /// Answers a request from outside.
    pub(super) async fn handle(
        &self,
        mut request: Request<WasiBody>,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        request::strip(request.headers_mut());
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(WELL_KNOWN_PREFIX) {
            return self.well_known(name);
        }
        match self.router.route(path) {
            Some(matched) => self.dispatch(request, &matched, client).await,
            None => bare(StatusCode::NOT_FOUND),
        }
    }

    fn well_known(&self, name: &str) -> Response<WasiBody> {
        match name {
            "health" => Response::new(full("OK")),
            "info" => {
                let mut response = Response::new(full(self.info.clone()));
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            _ => bare(StatusCode::NOT_FOUND),
        }
    }

    async fn dispatch(
        &self,
        request: Request<WasiBody>,
        matched: &Match,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        let (mut parts, body) = request.into_parts();
        if request::complete_uri(&mut parts, Scheme::HTTP).is_err() {
            return bare(StatusCode::BAD_REQUEST);
        }
        let component = &matched.endpoint.component;
        let answer = async {
            request::append_headers(&mut parts, matched, client)?;
            let handler = self.handlers.get(component).context("no such component")?;
            Ok(handler.handle(Request::from_parts(parts, body)).await?)
        };
        answer.await.unwrap_or_else(|error: anyhow::Error| {
            eprintln!("A request to `{component}` failed: {error:#}");
            bare(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}

impl Neighbours for HttpServer {
    fn call(
        &self,
        component: &str,
        request: Request<WasiBody>,
    ) -> BoxFuture<Result<Response<WasiBody>, Error>> {
        let server = self
            .this
            .upgrade()
            .filter(|server| server.handlers.contains_key(component));
        let matched = Match::chained(component, request.uri().path());
        Box::pin(async move {
            let server = server.ok_or(Error::DestinationNotFound)?;
            Ok(server.dispatch(request, &matched, CHAINED_CLIENT).await)
        })
    }

    fn origin(&self) -> Option<Authority> {
        self.address
            .get()
            .and_then(|address| address.to_string().parse().ok())
    }
}

fn info(app: &App) -> String {
    let mut info = serde_json::Map::from_iter([("name".to_owned(), app.name.clone().into())]);
    if !app.version.is_empty() {
        info.insert("version".to_owned(), app.version.clone().into());
    }
    format!("{:#}", serde_json::Value::Object(info))
}

fn bare(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response
}

fn full(text: impl Into<Bytes>) -> WasiBody {
    Full::new(text.into()).map_err(Error::from).boxed_unsync()
}
