//! A key-value store on a Redis server, for many machines that share one.
//!
//! Keys and values are Redis strings as they are, without a prefix, as Spin's host has them: a counter is the decimal
//! text that `INCRBY` keeps. One connection serves all callers and is made anew when it breaks; a server that is away is
//! an error within [`CONNECT_TIMEOUT`] and [`RESPONSE_TIMEOUT`], never a hang.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{
    AsyncCommands, Client, Pipeline, Value,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};

use super::{CompareAndSwap, Entry, Error, KeyPage, Store, SwapError, within_limit};
use crate::backends::redis::{CONNECT_TIMEOUT, RESPONSE_TIMEOUT, connect};

/// How many keys one `SCAN` looks at.
const KEYS_PER_SCAN: usize = 1000;

/// The key space of a Redis server.
#[derive(Clone)]
pub struct RedisStore {
    client: Client,
    connection: ConnectionManager,
}

impl fmt::Debug for RedisStore {
    /// Without the URL, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

impl RedisStore {
    /// The store on the server at `url`, which is connected to on first use. Must be called within a Tokio runtime.
    pub fn new(url: &str) -> Result<Self, Error> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(200));
        let connection = client.get_connection_manager_lazy(config)?;
        Ok(Self { client, connection })
    }

    fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let value: Option<Vec<u8>> = self.connection().get(key).await?;
        within_limit(value.as_ref().map_or(0, Vec::len), value)
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), Error> {
        Ok(self.connection().set(key, value).await?)
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        Ok(self.connection().del(key).await?)
    }

    async fn exists(&self, key: &str) -> Result<bool, Error> {
        Ok(self.connection().exists(key).await?)
    }

    async fn key_page(&self, cursor: Option<String>) -> Result<KeyPage, Error> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor.as_deref().unwrap_or("0"))
            .arg("COUNT")
            .arg(KEYS_PER_SCAN);
        let (next, keys): (String, Vec<String>) = scan.query_async(&mut self.connection()).await?;
        Ok(KeyPage {
            keys,
            next: (next != "0").then_some(next),
        })
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Entry>, Error> {
        let values: Vec<Option<Vec<u8>>> = self.connection().mget(&keys).await?;
        let entries: Vec<Entry> = keys
            .into_iter()
            .zip(values)
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        let size = entries
            .iter()
            .map(|(key, value)| size_of::<Entry>() + key.len() + value.len())
            .sum();
        within_limit(size, entries)
    }

    async fn set_many(&self, entries: Vec<Entry>) -> Result<(), Error> {
        Ok(self.connection().mset(&entries).await?)
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), Error> {
        Ok(self.connection().del(keys).await?)
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        Ok(self.connection().incr(key, delta).await?)
    }

    async fn compare_and_swap(&self, key: &str) -> Result<Arc<dyn CompareAndSwap>, Error> {
        // WATCH belongs to a connection, so each swap has its own, which must not be made anew behind its back.
        Ok(Arc::new(RedisSwap {
            key: key.to_owned(),
            connection: connect(&self.client).await?,
        }))
    }
}

struct RedisSwap {
    key: String,
    connection: MultiplexedConnection,
}

impl fmt::Debug for RedisSwap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisSwap")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl CompareAndSwap for RedisSwap {
    async fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut connection = self.connection.clone();
        // Forget what an earlier call watched: the value read now is the one that counts.
        let ((), (), value): ((), (), Option<Vec<u8>>) = Pipeline::new()
            .cmd("UNWATCH")
            .cmd("WATCH")
            .arg(&self.key)
            .cmd("GET")
            .arg(&self.key)
            .query_async(&mut connection)
            .await?;
        within_limit(value.as_ref().map_or(0, Vec::len), value)
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        let mut connection = self.connection.clone();
        let answer: Value = Pipeline::new()
            .atomic()
            .set(&self.key, value)
            .query_async(&mut connection)
            .await
            .map_err(Error::from)?;
        // EXEC answers nil when a watched key was touched.
        if answer == Value::Nil {
            Err(SwapError::Changed)
        } else {
            Ok(())
        }
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::Backend(error.to_string())
    }
}
