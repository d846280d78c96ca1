//! The backends of an application, as its runtime config and its state folder say.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Location,
    key_value::{RedisStore, SqliteStores, StoreProvider},
    sqlite::Database,
};
use crate::{
    runtime_config::{KeyValueStore, RuntimeConfig},
    state_dir::StateDir,
};

/// The label of the store, and of the database, that need no configuration.
const DEFAULT: &str = "default";

/// The stores and databases of an application, by label.
#[derive(Clone, Debug, Default)]
pub struct Backends {
    /// Key-value stores.
    pub stores: BTreeMap<String, StoreProvider>,
    /// SQLite databases.
    pub databases: BTreeMap<String, Database>,
}

/// A key-value store whose Redis URL is not one. The URL is left out: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("key_value_store.{label}.url in the runtime config is not a Redis URL such as redis://HOST:6379")]
pub struct InvalidRedisUrl {
    label: String,
}

impl Backends {
    /// What the runtime config defines, and the store and the database `default` in the state folder where it does not
    /// define them. Nothing is opened yet. Must be called within a Tokio runtime.
    pub fn new(config: &RuntimeConfig, state_dir: &StateDir) -> Result<Self, InvalidRedisUrl> {
        let mut backends = Self::default();
        for (label, store) in &config.key_value_stores {
            let provider = match store {
                KeyValueStore::File(path) => in_sqlite(Some(path.clone())),
                KeyValueStore::Memory => in_sqlite(None),
                KeyValueStore::Redis(url) => StoreProvider::Redis(
                    RedisStore::new(url).map_err(|_| InvalidRedisUrl { label: label.clone() })?,
                ),
            };
            backends.stores.insert(label.clone(), provider);
        }
        for (label, database) in &config.sqlite_databases {
            let database = Database::new(Location::of(database.path.clone()), database.allow_attach_file);
            backends.databases.insert(label.clone(), database);
        }
        backends
            .stores
            .entry(DEFAULT.to_owned())
            .or_insert_with(|| in_sqlite(state_dir.key_value_file()));
        backends
            .databases
            .entry(DEFAULT.to_owned())
            .or_insert_with(|| Database::new(Location::of(state_dir.sqlite_file()), false));
        Ok(backends)
    }
}

fn in_sqlite(path: Option<PathBuf>) -> StoreProvider {
    StoreProvider::Sqlite(SqliteStores::new(Location::of(path)))
}
