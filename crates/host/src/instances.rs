//! Makes instances of a component: its code, linked to the host's interfaces, with fresh state.

use std::sync::Arc;

use wasmtime::component::{Component, Instance, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::interfaces;
use crate::outbound::{Client, Neighbours, Outbound};
use crate::state::{ComponentContext, HostState, InboundHeaders};
use crate::stdio::Stdio;

/// Everything that a component may import.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    interfaces::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// What all components of an application share.
#[derive(Clone)]
pub struct Shared {
    /// The HTTP client behind their requests.
    pub client: Client,
    /// The Spin interfaces' pools and open databases.
    pub interfaces: interfaces::AppState,
}

/// Makes instances of one component.
pub struct Instances {
    code: InstancePre<HostState>,
    context: Arc<ComponentContext>,
    shared: Shared,
    stdio: Stdio,
}

impl Instances {
    /// Links `code`. An import that the host does not have is an error, which names it.
    pub fn new(
        linker: &Linker<HostState>,
        code: &Component,
        context: ComponentContext,
        shared: Shared,
        stdio: Stdio,
    ) -> wasmtime::Result<Self> {
        Ok(Self {
            code: linker.instantiate_pre(code)?,
            context: Arc::new(context),
            shared,
            stdio,
        })
    }

    /// The component's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.context.component.id
    }

    /// The linked code.
    #[must_use]
    pub fn code(&self) -> &InstancePre<HostState> {
        &self.code
    }

    /// A store for a new instance, whose requests to `NAME.spin.internal` go to `neighbours`.
    #[must_use]
    pub fn store(&self, neighbours: Option<Arc<dyn Neighbours>>) -> Store<HostState> {
        let allowed = Arc::clone(&self.context.allowed_hosts);
        let state = HostState {
            table: ResourceTable::new(),
            wasi: self.wasi(),
            http: WasiHttpCtx::new(),
            inbound: InboundHeaders,
            outbound: Outbound::new(Arc::clone(&allowed), self.shared.client.clone(), neighbours),
            component: Arc::clone(&self.context),
            interfaces: self.shared.interfaces.instance(&self.context.component, allowed),
        };
        let mut store = Store::new(self.code.engine(), state);
        // Without any deadline the first tick of the epoch would end the guest; this one is never reached.
        store.set_epoch_deadline(u64::MAX / 2);
        store
    }

    /// A new instance, in a store of its own.
    pub async fn instantiate(&self) -> wasmtime::Result<(Store<HostState>, Instance)> {
        let mut store = self.store(None);
        let instance = self.code.instantiate_async(&mut store).await?;
        Ok((store, instance))
    }

    /// The guest sees its own environment variables, none of the host's; it has no files and no sockets.
    fn wasi(&self) -> WasiCtx {
        let environment: Vec<_> = self.context.component.environment.iter().collect();
        WasiCtxBuilder::new()
            .envs(&environment)
            .stdout(self.stdio.stdout.clone())
            .stderr(self.stdio.stderr.clone())
            .build()
    }
}
