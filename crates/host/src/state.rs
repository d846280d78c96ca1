//! What the host keeps for one instance of a component: the data of its Wasmtime store.
//!
//! An instance serves many requests of the same component, never those of another, so everything here belongs to
//! the component and not to a request.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::interfaces;

/// What is the same for all instances of one component.
pub struct ComponentContext {
    /// The component's id, which log lines and files carry.
    pub id: String,
}

/// The data of one instance's store.
pub struct HostState {
    /// The handles that the guest holds, of all interfaces.
    pub table: ResourceTable,
    /// WASI 0.2 and 0.3: environment, clocks, randomness, standard output.
    pub wasi: WasiCtx,
    /// The limits of wasi:http.
    pub http: WasiHttpCtx,
    /// What happens to the guest's outbound HTTP requests.
    pub outbound: Box<dyn WasiHttpHooks>,
    /// The component that this is an instance of.
    pub component: Arc<ComponentContext>,
    /// The state of the Spin interfaces.
    pub interfaces: interfaces::InstanceState,
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: self.outbound.as_mut(),
        }
    }
}

impl interfaces::InterfacesView for HostState {
    fn interfaces(&mut self) -> &mut interfaces::InstanceState {
        &mut self.interfaces
    }
}
