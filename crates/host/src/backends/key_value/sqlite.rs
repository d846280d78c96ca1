//! Key-value stores in a SQLite database: a file, or memory.
//!
//! One table for all stores of the database, one connection behind a mutex, a synced write for every change. Other
//! processes may use the file at the same time: a change that reads first takes the write lock before it reads, and
//! waits up to five seconds (SQLite's busy time-out as rusqlite sets it) for another writer to finish.
//!
//! Statements run on the thread of whoever asks, as on Spin: most are over in microseconds, long before another thread
//! would have been woken, and a guest that increments stands still until it is answered. For the same reason the file
//! has a write-ahead log, which is synced once for a change and not four times.

use std::{
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, ToSql, TransactionBehavior, params, types::Value};
use tokio::task::block_in_place;

use super::{CompareAndSwap, Entry, Error, KeyPage, Store, SwapError, within_limit};
use crate::backends::Location;

/// Spin's table, to the letter: either host can open a file that the other made.
const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const EXISTS: &str = "SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2";
const FIRST_KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1 ORDER BY key LIMIT ?2";
const NEXT_KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1 AND key > ?3 ORDER BY key LIMIT ?2";
const GET_MANY: &str = "SELECT key, value FROM spin_key_value WHERE store = ?1 AND key IN rarray(?2)";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const INSERT: &str =
    "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const REPLACE: &str = "UPDATE spin_key_value SET value = ?3 WHERE store = ?1 AND key = ?2 AND value = ?4";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const DELETE_MANY: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key IN rarray(?2)";

/// How many keys are read under one hold of the connection.
const KEYS_PER_PAGE: usize = 1000;

/// The stores of one database, which is opened on first use.
#[derive(Debug, Clone)]
pub struct SqliteStores {
    location: Location,
    connection: Arc<Mutex<Option<Arc<Mutex<Connection>>>>>,
}

impl SqliteStores {
    /// The stores in the database at `location`, which need not exist.
    pub fn new(location: Location) -> Self {
        Self {
            location,
            connection: Arc::default(),
        }
    }

    pub(super) fn open(&self, label: &str) -> Result<SqliteStore, Error> {
        let connection = block_in_place(|| {
            let mut connected = locked(&self.connection);
            match &*connected {
                Some(connection) => Ok(Arc::clone(connection)),
                None => connect(&self.location).map(|new| Arc::clone(connected.insert(new))),
            }
        });
        Ok(SqliteStore {
            label: label.into(),
            connection: connection?,
        })
    }
}

fn connect(location: &Location) -> Result<Arc<Mutex<Connection>>, Error> {
    let connection = location.connect()?;
    // It stays in the file. Another process may have the file just now; then the next start sees to it.
    connection.pragma_update(None, "journal_mode", "WAL").ok();
    connection.execute(CREATE_TABLE, [])?;
    rusqlite::vtab::array::load_module(&connection)?;
    Ok(Arc::new(Mutex::new(connection)))
}

/// One store: the rows that carry its label.
#[derive(Debug, Clone)]
pub(super) struct SqliteStore {
    label: Arc<str>,
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Runs `work` with the connection and the label. Once begun it runs to its end, even if the caller goes away.
    async fn run<T>(&self, work: impl FnOnce(&mut Connection, &str) -> Result<T, Error>) -> Result<T, Error> {
        // A panic under the lock leaves no half-done change: the transaction rolled back when it was dropped.
        block_in_place(|| work(&mut locked(&self.connection), &self.label))
    }

    /// The same for what reads one row. Whoever finds the connection free is done long before another thread would have taken over
    /// the rest of this one's work.
    async fn read<T>(
        &self,
        work: impl FnOnce(&mut Connection, &str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Ok(mut connection) = self.connection.try_lock() {
            return work(&mut connection, &self.label);
        }
        self.run(work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let key = key.to_owned();
        self.read(move |connection, label| value_of(connection, label, &key))
            .await
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), Error> {
        let key = key.to_owned();
        self.run(move |connection, label| write(connection, label, &key, &value))
            .await
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        let key = key.to_owned();
        self.run(move |connection, label| {
            connection.prepare_cached(DELETE)?.execute([label, &key])?;
            Ok(())
        })
        .await
    }

    async fn exists(&self, key: &str) -> Result<bool, Error> {
        let key = key.to_owned();
        self.read(move |connection, label| Ok(connection.prepare_cached(EXISTS)?.exists([label, &key])?))
            .await
    }

    async fn key_page(&self, cursor: Option<String>) -> Result<KeyPage, Error> {
        self.run(move |connection, label| {
            let limit = KEYS_PER_PAGE as i64;
            let keys = match cursor {
                None => keys_of(connection, FIRST_KEYS, params![label, limit]),
                Some(last) => keys_of(connection, NEXT_KEYS, params![label, limit, last]),
            }?;
            let next = (keys.len() == KEYS_PER_PAGE)
                .then(|| keys.last().cloned())
                .flatten();
            Ok(KeyPage { keys, next })
        })
        .await
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Entry>, Error> {
        self.run(move |connection, label| {
            let mut size = 0;
            let mut statement = connection.prepare_cached(GET_MANY)?;
            let rows =
                statement.query_map(params![label, array(keys)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| {
                let entry: Entry = row?;
                size += size_of::<Entry>() + entry.0.len() + entry.1.len();
                within_limit(size, entry)
            })
            .collect()
        })
        .await
    }

    async fn set_many(&self, entries: Vec<Entry>) -> Result<(), Error> {
        self.run(move |connection, label| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, value) in &entries {
                write(&transaction, label, key, value)?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), Error> {
        self.run(move |connection, label| {
            connection
                .prepare_cached(DELETE_MANY)?
                .execute(params![label, array(keys)])?;
            Ok(())
        })
        .await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        let key = key.to_owned();
        self.run(move |connection, label| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = match value_of(&transaction, label, &key)? {
                None => 0,
                Some(value) => match <[u8; 8]>::try_from(value) {
                    Ok(bytes) => i64::from_le_bytes(bytes),
                    Err(value) => {
                        return Err(Error::NotACounter {
                            key,
                            length: value.len(),
                        });
                    }
                },
            };
            let Some(after) = before.checked_add(delta) else {
                return Err(Error::CounterOverflow(key));
            };
            write(&transaction, label, &key, &after.to_le_bytes())?;
            transaction.commit()?;
            Ok(after)
        })
        .await
    }

    async fn compare_and_swap(&self, key: &str) -> Result<Arc<dyn CompareAndSwap>, Error> {
        Ok(Arc::new(SqliteSwap {
            store: self.clone(),
            key: key.to_owned(),
            seen: Mutex::default(),
        }))
    }
}

/// What a swap insists on.
#[derive(Debug, Clone, Default)]
enum Seen {
    /// Nothing was read, so nothing is insisted on.
    #[default]
    Nothing,
    /// The key had no value. (Spin's host overwrites here; the interface and its Redis store say that a swap must not
    /// replace what somebody else inserted since.)
    Absent,
    /// The key had this value.
    Value(Vec<u8>),
}

#[derive(Debug)]
struct SqliteSwap {
    store: SqliteStore,
    key: String,
    seen: Mutex<Seen>,
}

#[async_trait]
impl CompareAndSwap for SqliteSwap {
    async fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        let value = self.store.get(&self.key).await?;
        let seen = value.clone().map_or(Seen::Absent, Seen::Value);
        *locked(&self.seen) = seen;
        Ok(value)
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        let key = self.key.clone();
        let seen = locked(&self.seen).clone();
        let changed = self.store.run(move |connection, label| {
            Ok(match seen {
                Seen::Nothing => connection
                    .prepare_cached(SET)?
                    .execute(params![label, key, value])?,
                Seen::Absent => connection
                    .prepare_cached(INSERT)?
                    .execute(params![label, key, value])?,
                Seen::Value(old) => connection
                    .prepare_cached(REPLACE)?
                    .execute(params![label, key, value, old])?,
            })
        });
        if changed.await? == 1 {
            Ok(())
        } else {
            Err(SwapError::Changed)
        }
    }
}

fn value_of(connection: &Connection, label: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let value = connection
        .prepare_cached(GET)?
        .query_row([label, key], |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    within_limit(value.as_ref().map_or(0, Vec::len), value)
}

fn keys_of(
    connection: &Connection,
    statement: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(statement)?;
    let keys = statement.query_map(parameters, |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn write(connection: &Connection, label: &str, key: &str, value: &[u8]) -> Result<(), Error> {
    connection
        .prepare_cached(SET)?
        .execute(params![label, key, value])?;
    Ok(())
}

fn array(keys: Vec<String>) -> Rc<Vec<Value>> {
    Rc::new(keys.into_iter().map(Value::Text).collect())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Backend(error.to_string())
    }
}
