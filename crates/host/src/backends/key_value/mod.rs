//! Key-value stores: in a SQLite file, in memory, or on a Redis server.
//!
//! Every backend is laid out as Spin lays it out, so that an application can move between the two hosts and keep its
//! data; `increment` and `set_many` are atomic in each. Where Spin's host panics (a counter of the wrong length, a sum
//! that overflows), these return an [`Error`] that the guest can read.

mod redis;
mod sqlite;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStores;
use super::MAX_BUFFERED_BYTES;

/// A key with its value.
pub type Entry = (String, Vec<u8>);

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database or the server behind the store refused or failed.
    #[error("{0}")]
    Backend(String),
    /// `increment` found a value that no `increment` wrote.
    #[error("the value of {key:?} is not a counter: it has {length} bytes instead of 8")]
    NotACounter {
        /// The key that was to be incremented.
        key: String,
        /// How long its value is.
        length: usize,
    },
    /// The sum does not fit a signed 64-bit integer.
    #[error("the counter {0:?} would overflow")]
    CounterOverflow(String),
    /// The answer is larger than the host holds for one call.
    #[error("query result exceeds limit of {MAX_BUFFERED_BYTES} bytes")]
    TooLarge,
}

/// Why a swap did not happen.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// The value changed after it was read.
    #[error("the value has changed since it was read")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Some of a store's keys.
#[derive(Debug, Default)]
pub struct KeyPage {
    /// The keys, in no order that a caller may rely on.
    pub keys: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// An open key-value store, shared by all that opened it.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// The value of `key`.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Gives `key` the value, whatever it had.
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), Error>;

    /// Removes `key`, if it is there.
    async fn delete(&self, key: &str) -> Result<(), Error>;

    /// Whether `key` has a value.
    async fn exists(&self, key: &str) -> Result<bool, Error>;

    /// The keys from `cursor` on, as many as the backend reads at once. Nothing is locked between two pages, so a
    /// slow reader holds nobody up.
    async fn key_page(&self, cursor: Option<String>) -> Result<KeyPage, Error>;

    /// The entries of `keys`. As on Spin, a key without a value has no entry.
    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Entry>, Error>;

    /// Writes all entries, or none.
    async fn set_many(&self, entries: Vec<Entry>) -> Result<(), Error>;

    /// Removes those of the keys that are there.
    async fn delete_many(&self, keys: Vec<String>) -> Result<(), Error>;

    /// Adds `delta` to the counter `key`, which begins at zero, and returns the sum.
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, Error>;

    /// Begins a compare-and-swap on `key`.
    async fn compare_and_swap(&self, key: &str) -> Result<Arc<dyn CompareAndSwap>, Error>;
}

/// A compare-and-swap on one key: read it, then write it if nobody else did.
#[async_trait]
pub trait CompareAndSwap: fmt::Debug + Send + Sync {
    /// The value now, which [`swap`](Self::swap) will insist on.
    async fn current(&self) -> Result<Option<Vec<u8>>, Error>;

    /// Writes `value` if the key is still as `current` last saw it; unconditionally if `current` was never asked.
    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError>;
}

/// Where the stores behind one label come from.
#[derive(Debug, Clone)]
pub enum StoreProvider {
    /// A SQLite database, which tells stores apart by their label.
    Sqlite(SqliteStores),
    /// A Redis server, whose key space is the same for every label.
    Redis(RedisStore),
}

impl StoreProvider {
    /// Opens the store that is called `label`.
    pub fn open(&self, label: &str) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Self::Sqlite(stores) => Arc::new(stores.open(label)?),
            Self::Redis(store) => Arc::new(store.clone()),
        })
    }
}

/// All keys of a store, once each.
pub async fn all_keys(store: &dyn Store) -> Result<Vec<String>, Error> {
    let mut keys = Vec::new();
    let mut size = 0;
    let mut cursor = None;
    loop {
        let page = store.key_page(cursor).await?;
        for key in page.keys {
            size += size_of::<String>() + key.len();
            if size > MAX_BUFFERED_BYTES {
                return Err(Error::TooLarge);
            }
            keys.push(key);
        }
        cursor = page.next;
        if cursor.is_none() {
            // A Redis SCAN may name a key twice when the server rearranges its table meanwhile.
            keys.sort_unstable();
            keys.dedup();
            return Ok(keys);
        }
    }
}

/// Refuses an answer that is too large to hand on.
fn within_limit<T>(bytes: usize, answer: T) -> Result<T, Error> {
    if bytes > MAX_BUFFERED_BYTES {
        Err(Error::TooLarge)
    } else {
        Ok(answer)
    }
}
