//! What the host keeps for one instance of a component: the data of its Wasmtime store.
//!
//! An instance serves many requests of the same component, never those of another, so everything here belongs to
//! the component and not to a request.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, ForbiddenHeaderFilter, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
};

use crate::allowed_hosts::AllowedHosts;
use crate::app::Component;
use crate::interfaces;
use crate::outbound::Outbound;

/// What is the same for all instances of one component.
#[derive(Debug)]
pub struct ComponentContext {
    /// What the manifest says of it.
    pub component: Component,
    /// Where it may connect to, with the variables' values in place.
    pub allowed_hosts: Arc<AllowedHosts>,
}

/// The data of one instance's store.
pub struct HostState {
    /// The handles that the guest holds, of all interfaces.
    pub table: ResourceTable,
    /// WASI 0.2 and 0.3: environment, clocks, randomness, standard output.
    pub wasi: WasiCtx,
    /// The limits of wasi:http.
    pub http: WasiHttpCtx,
    /// Which headers of inbound requests the guest sees.
    pub inbound: InboundHeaders,
    /// What happens to the guest's outbound HTTP requests.
    pub outbound: Outbound,
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
            hooks: &mut self.outbound,
        }
    }
}

impl interfaces::InterfacesView for HostState {
    fn interfaces(&mut self) -> &mut interfaces::InstanceState {
        &mut self.interfaces
    }
}

/// The state of wasi:http for what comes in by the HTTP trigger.
pub fn inbound_http(state: &mut HostState) -> WasiHttpCtxView<'_> {
    WasiHttpCtxView {
        ctx: &mut state.http,
        table: &mut state.table,
        hooks: &mut state.inbound,
    }
}

/// Which headers of an inbound request are kept from the guest: those of the connection, as always, but not `host`,
/// which Spin's guests see.
#[derive(Clone, Copy, Debug, Default)]
pub struct InboundHeaders;

impl WasiHttpHooks for InboundHeaders {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| *name != http::header::HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }
}
