//! The interfaces beyond WASI itself that guests import: `spin:key-value`, `wasi:keyvalue`, `spin:sqlite`,
//! `spin:variables` and `spin:redis`.
//!
//! What the application shares (open stores, databases, sockets to Redis) is in [`AppState`]; what one instance of a
//! component holds, and what it may touch, is in [`InstanceState`]. Whoever may not touch a thing learns no more than
//! that: access is denied before anything is opened or looked up.

mod bindings;
#[expect(
    unreachable_pub,
    reason = "the bindings re-export the handles, which `pub(super)` would forbid"
)]
mod key_value;
mod redis;
mod sqlite;
mod stream;
mod variables;

use std::sync::Arc;

use wasmtime::component::Linker;

pub(crate) use self::bindings::exports::spin::redis::inbound_redis;
use crate::{
    allowed_hosts::AllowedHosts,
    app::{App, Component},
    backends::{Backends, redis::Servers},
    variables::Variables,
};

/// What all components of an application share.
#[derive(Clone, Debug)]
pub struct AppState {
    stores: key_value::Providers,
    databases: sqlite::Databases,
    servers: Servers,
    variables: Arc<Variables>,
}

/// A component names a store or a database that is not configured.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "component `{component}` uses the {kind} `{label}`, which is not configured: check the spelling, or define \
     [{table}.{label}] in a file and pass it with --runtime-config-file"
)]
pub struct NotConfigured {
    component: String,
    kind: &'static str,
    table: &'static str,
    label: String,
}

impl AppState {
    /// The state of `app` over the configured backends.
    pub fn new(app: &App, backends: Backends, variables: Arc<Variables>) -> Result<Self, NotConfigured> {
        for component in app.components.values() {
            let missing = |kind, table, label: &String| NotConfigured {
                component: component.id.clone(),
                kind,
                table,
                label: label.clone(),
            };
            if let Some(label) = component
                .key_value_stores
                .iter()
                .find(|label| !backends.stores.contains_key(*label))
            {
                return Err(missing("key-value store", "key_value_store", label));
            }
            if let Some(label) = component
                .sqlite_databases
                .iter()
                .find(|label| !backends.databases.contains_key(*label))
            {
                return Err(missing("SQLite database", "sqlite_database", label));
            }
        }
        Ok(Self {
            stores: Arc::new(backends.stores),
            databases: Arc::new(backends.databases),
            servers: Servers::default(),
            variables,
        })
    }

    /// The state of a new instance of `component`, which may connect to the `allowed` hosts.
    pub fn instance(&self, component: &Component, allowed: Arc<AllowedHosts>) -> InstanceState {
        InstanceState {
            key_value: key_value::State::new(&component.key_value_stores, Arc::clone(&self.stores)),
            sqlite: sqlite::State::new(&component.sqlite_databases, Arc::clone(&self.databases)),
            redis: redis::State::new(allowed, self.servers.clone()),
            variables: variables::State::new(&component.id, Arc::clone(&self.variables)),
        }
    }
}

/// What one instance of a component holds of these interfaces, and what it may touch.
#[derive(Debug)]
pub struct InstanceState {
    key_value: key_value::State,
    sqlite: sqlite::State,
    redis: redis::State,
    variables: variables::State,
}

/// Implemented by the data of a store whose guest may import these interfaces.
pub trait InterfacesView: Send + 'static {
    /// Where their state is.
    fn interfaces(&mut self) -> &mut InstanceState;
}

/// Gives every component the interfaces of this module.
pub fn add_to_linker<T: InterfacesView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    key_value::add_to_linker(linker)?;
    sqlite::add_to_linker(linker)?;
    redis::add_to_linker(linker)?;
    variables::add_to_linker(linker)
}
