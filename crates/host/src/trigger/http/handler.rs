//! Runs the requests of one component on its instances, which are reused within the limits of [`InstanceReuse`].

use std::sync::{Arc, Weak};

use http::{Request, Response};
use tokio::sync::watch;
use wasmtime_wasi_http::handler::{HandlerState, Instance, Proxy, ProxyHandler};
use wasmtime_wasi_http::p2::bindings::ProxyIndices as IncomingHandlerIndices;
use wasmtime_wasi_http::p3::bindings::ServiceIndices;
use wasmtime_wasi_http::{WasiBody, WasiHttpCtxView, WasiHttpView as _};

use super::server::HttpServer;
use super::worker::{Expiration, Worker};
use crate::cli::Draw;
use crate::engine::EPOCH_TICK;
use crate::instances::Instances;
use crate::options::InstanceReuse;
use crate::outbound::Neighbours;
use crate::state::{self, HostState};

/// Answers HTTP requests with one component.
pub(super) struct ComponentHandler(ProxyHandler<Launcher>);

impl ComponentHandler {
    /// Fails for a component that has no HTTP handler.
    pub(super) fn new(
        instances: Arc<Instances>,
        reuse: InstanceReuse,
        server: Weak<HttpServer>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<Self> {
        let interface = Interface::of(&instances)?;
        let reuse = interface.limit(reuse);
        let lifecycle = lifecycle.clone();
        Ok(Self(ProxyHandler::new(Launcher {
            instances,
            interface,
            reuse,
            server,
            lifecycle,
        })))
    }

    pub(super) async fn handle(&self, request: Request<WasiBody>) -> wasmtime::Result<Response<WasiBody>> {
        self.0.handle((), request).await
    }
}

/// How instances learn that the server closes, and how the server learns that they are gone.
#[derive(Clone)]
pub(super) struct Lifecycle {
    /// Turns true when the server closes.
    pub(super) closing: watch::Sender<bool>,
    /// The number of instances that are alive.
    pub(super) alive: watch::Sender<usize>,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            closing: watch::Sender::new(false),
            alive: watch::Sender::new(0),
        }
    }

    /// Tells the instances to finish, and waits until they have.
    pub(super) async fn close(&self) {
        self.closing.send_replace(true);
        // The sender is `self`'s own, so waiting cannot fail.
        self.alive.subscribe().wait_for(|alive| *alive == 0).await.ok();
    }
}

/// Which form of the HTTP handler a component exports.
enum Interface {
    /// `wasi:http/handler@0.3`
    Handler(ServiceIndices),
    /// `wasi:http/incoming-handler@0.2`
    IncomingHandler(IncomingHandlerIndices),
}

impl Interface {
    fn of(instances: &Instances) -> anyhow::Result<Self> {
        let code = instances.code();
        if let Ok(service) = ServiceIndices::new(code) {
            return Ok(Self::Handler(service));
        }
        IncomingHandlerIndices::new(code).map(Self::IncomingHandler).map_err(|_| {
            anyhow::anyhow!(
                "component `{}` cannot answer HTTP requests: it exports neither wasi:http/handler@0.3.0 nor \
                 wasi:http/incoming-handler@0.2",
                instances.id()
            )
        })
    }

    /// What of `reuse` holds for the interface: an instance of WASI 0.2 serves one request, whatever the flags say.
    fn limit(&self, reuse: InstanceReuse) -> InstanceReuse {
        match self {
            Self::Handler(_) => reuse,
            Self::IncomingHandler(_) => InstanceReuse {
                max_count: Draw::Always(1),
                max_concurrent: Draw::Always(1),
                ..reuse
            },
        }
    }
}

/// Starts an instance whenever all others have enough to do.
struct Launcher {
    instances: Arc<Instances>,
    interface: Interface,
    reuse: InstanceReuse,
    server: Weak<HttpServer>,
    lifecycle: Lifecycle,
}

impl HandlerState for Launcher {
    type StoreData = HostState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<HostState, Expiration, Worker>> {
        let neighbours = self.server.upgrade().map(|server| server as Arc<dyn Neighbours>);
        let mut store = self.instances.store(neighbours);
        let request_timeout = self
            .reuse
            .request_timeout
            .map(|timeout| timeout.draw(fastrand::u64(..)));
        if request_timeout.is_some() {
            // A guest that computes gives way at each tick, so that its time can be found to be over.
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
        }
        let instance = self.instances.code().instantiate_async(&mut store).await?;
        let (proxy, view): (_, fn(&mut HostState) -> WasiHttpCtxView<'_>) = match &self.interface {
            Interface::Handler(indices) => (
                Proxy::P3(indices.load(&mut store, &instance)?),
                state::inbound_http,
            ),
            Interface::IncomingHandler(indices) => {
                (Proxy::P2(indices.load(&mut store, &instance)?), HostState::http)
            }
        };
        Ok(Instance {
            store,
            proxy,
            view,
            expiration: Expiration::new(
                self.reuse.idle_timeout.draw(fastrand::u64(..)),
                request_timeout.map(|timeout| timeout + EPOCH_TICK),
                self.lifecycle.closing.subscribe(),
            ),
            state: Worker::new(
                self.instances.id(),
                &self.reuse,
                request_timeout,
                &self.lifecycle.alive,
            ),
        })
    }
}
