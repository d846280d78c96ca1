//! Key-value stores for guests: `spin:key-value` and the `wasi:keyvalue` interfaces, over the same stores.
//!
//! A component opens the stores that its section of the manifest names, and no other.

mod atomics;
mod batch;
mod bucket;
mod store;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wasmtime::component::{HasData, Linker, ResourceTable};

use super::{
    InterfacesView,
    bindings::{spin::key_value::key_value, wasi::keyvalue},
};
use crate::backends::key_value::{CompareAndSwap, Store, StoreProvider};

/// A store that was opened through `spin:key-value`.
#[derive(Debug)]
pub struct OpenStore(Arc<dyn Store>);

/// A store that was opened through `wasi:keyvalue`.
#[derive(Debug)]
pub struct OpenBucket(Arc<dyn Store>);

/// A compare-and-swap that has begun.
#[derive(Debug)]
pub struct OpenSwap {
    store: Arc<dyn Store>,
    key: String,
    swap: Arc<dyn CompareAndSwap>,
}

/// The providers of all stores, by label.
pub(super) type Providers = Arc<BTreeMap<String, StoreProvider>>;

/// What an instance holds of key-value stores.
#[derive(Debug)]
pub(super) struct State {
    allowed: BTreeSet<String>,
    providers: Providers,
    table: ResourceTable,
}

/// Why a store was not opened.
#[derive(Debug)]
enum Refusal {
    AccessDenied,
    NoSuchStore,
}

impl State {
    pub(super) fn new(allowed: &[String], providers: Providers) -> Self {
        Self {
            allowed: allowed.iter().cloned().collect(),
            providers,
            table: ResourceTable::new(),
        }
    }

    /// The provider of the store `label`, if the component may open it.
    fn provider(&self, label: &str) -> Result<StoreProvider, Refusal> {
        if !self.allowed.contains(label) {
            return Err(Refusal::AccessDenied);
        }
        self.providers.get(label).cloned().ok_or(Refusal::NoSuchStore)
    }
}

/// Says where the state of these interfaces is.
struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = &'a mut State;
}

pub(super) fn add_to_linker<T: InterfacesView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    key_value::add_to_linker::<_, KeyValue>(linker, state)?;
    keyvalue::store::add_to_linker::<_, KeyValue>(linker, state)?;
    keyvalue::atomics::add_to_linker::<_, KeyValue>(linker, state)?;
    keyvalue::batch::add_to_linker::<_, KeyValue>(linker, state)
}

fn state<T: InterfacesView>(data: &mut T) -> &mut State {
    &mut data.interfaces().key_value
}
