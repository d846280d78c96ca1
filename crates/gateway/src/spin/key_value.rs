//! The key-value store `default`.

mod page;
mod turn;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join_all;
use spin_sdk::experimental::wasi::keyvalue::{atomics, batch, store as wasi};
use spin_sdk::key_value::{Error, Store};
use spin_sdk::wasip3::clocks::monotonic_clock;

use self::turn::Turn;
use super::SpinWay;
use crate::per_instance::PerInstance;
use crate::ports::{Found, KeyValue, KeyValueError, KeyValueSweep};
use crate::time_limit::within;

/// The store that every function shares. Opened once per instance, on first use.
///
/// Values go through `spin:key-value`, which gives way while the store works; counters through `wasi:keyvalue`, which
/// alone adds atomically on every backend.
///
/// A store that hangs is one that fails, after [`LIMIT`]. A call of `wasi:keyvalue` holds the whole instance until it is
/// answered, and no timer runs meanwhile; so unless the store has answered within [`FRESH`], it is asked by the first
/// interface before it is called by the second.
#[derive(Clone, Copy, Debug)]
pub struct SpinKeyValue;

/// How long an increment waits, in milliseconds, before it is tried once more.
const PAUSES_WHEN_LOCKED: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// For how long, in nanoseconds, an increment is tried again: a host that has itself waited for the lock has waited enough.
const PATIENCE: u64 = 1_000_000_000;

/// How long the store may take for an answer. Spin sets no limit for Redis.
const LIMIT: Duration = Duration::from_secs(3);

/// For how long, in nanoseconds, the store is believed to be there after an answer.
const FRESH: u64 = 1_000_000_000;

thread_local! {
    static LAST_ANSWER: Cell<Option<u64>> = const { Cell::new(None) };
    static STORE: PerInstance<Store> = const { PerInstance::new() };
    static BUCKET: PerInstance<wasi::Bucket> = const { PerInstance::new() };
}

impl KeyValue for SpinKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        answer(async { store().await?.get(key).await.map_err(store_error) }).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        answer(async { store().await?.set(key, value).await.map_err(store_error) }).await
    }

    async fn delete(&self, key: &str) -> Result<(), KeyValueError> {
        answer(async { store().await?.delete(key).await.map_err(store_error) }).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        let start = monotonic_clock::now();
        if LAST_ANSWER.get().is_none_or(|at| start - at >= FRESH) {
            self.get(key).await?;
        }
        let bucket = bucket().await?;
        let _turn = Turn::begin().await;
        for pause in PAUSES_WHEN_LOCKED {
            match atomics::increment(&bucket, key, delta) {
                Err(error) if is_locked(&error) && monotonic_clock::now() - start < PATIENCE => {
                    monotonic_clock::wait_for(pause * 1_000_000).await
                }
                result => return result.map_err(wasi_error),
            }
        }
        atomics::increment(&bucket, key, delta).map_err(wasi_error)
    }

    /// One `get` for each key, all at once: `wasi:keyvalue/batch` cannot be used, because Spin asks Redis with `KEYS`
    /// instead of `MGET` there, which fails.
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KeyValueError> {
        answer(async {
            let store = store().await?;
            try_join_all(keys.iter().map(|key| store.get(key)))
                .await
                .map_err(store_error)
        })
        .await
    }
}

impl KeyValueSweep for SpinKeyValue {
    /// The store is listed in one call, which is over soon and makes nobody wait for this instance. A host refuses that where it would
    /// have to hold too much for it; then the keys are read one by one, as far as a page.
    async fn find(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Found, KeyValueError> {
        match listed().await {
            Ok(mut keys) => {
                keys.retain(|key| wanted(key));
                Ok(Found { keys, is_all: true })
            }
            Err(wasi::Error::Other(words)) if words.contains("exceeds limit") => page::find(wanted).await,
            Err(error) => Err(wasi_error(error)),
        }
    }

    async fn delete_all(&self, keys: &[String]) -> Result<(), KeyValueError> {
        let bucket = bucket().await?;
        let _turn = Turn::begin().await;
        batch::delete_many(&bucket, keys).map_err(wasi_error)
    }
}

/// The answer of `call`, or an error if it does not come in time.
async fn answer<T>(call: impl Future<Output = Result<T, KeyValueError>>) -> Result<T, KeyValueError> {
    let _turn = Turn::begin().await;
    let Some(result) = within(LIMIT, &SpinWay, call).await else {
        let words = format!("no answer within {} s", LIMIT.as_secs());
        return Err(KeyValueError(words));
    };
    if result.is_ok() {
        LAST_ANSWER.set(Some(monotonic_clock::now()));
    }
    result
}

/// All keys, if the host holds as many at once.
async fn listed() -> Result<Vec<String>, wasi::Error> {
    // What is swept is counted, so the store has answered a moment ago.
    let bucket = bucket().await.map_err(|error| wasi::Error::Other(error.0))?;
    let _turn = Turn::begin().await;
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let mut some = bucket.list_keys(cursor.as_deref())?;
        keys.append(&mut some.keys);
        cursor = some.cursor;
        if cursor.is_none() {
            return Ok(keys);
        }
    }
}

async fn bucket() -> Result<Rc<wasi::Bucket>, KeyValueError> {
    PerInstance::get_or_try_init(&BUCKET, &SpinWay, async || {
        wasi::open("default").map_err(wasi_error)
    })
    .await
}

/// Whether another process had the store's file, and nothing was added. Spin reads a counter before it takes the lock to
/// write it, and then SQLite does not wait: of two processes that do so at once, one is refused. So it is when a new
/// gateway starts on the state of an old one that still runs.
fn is_locked(error: &wasi::Error) -> bool {
    matches!(error, wasi::Error::Other(words) if words.contains("database is locked"))
}

async fn store() -> Result<Rc<Store>, KeyValueError> {
    PerInstance::get_or_try_init(&STORE, &SpinWay, async || {
        Store::open_default().await.map_err(store_error)
    })
    .await
}

fn store_error(error: Error) -> KeyValueError {
    KeyValueError(match error {
        Error::StoreTableFull => "too many open stores".to_owned(),
        Error::NoSuchStore => "there is no store of that name".to_owned(),
        Error::AccessDenied => "the manifest does not grant the store".to_owned(),
        Error::Other(words) => words,
    })
}

fn wasi_error(error: wasi::Error) -> KeyValueError {
    KeyValueError(match error {
        wasi::Error::NoSuchStore => "there is no store of that name".to_owned(),
        wasi::Error::AccessDenied => "the manifest does not grant the store".to_owned(),
        wasi::Error::Other(words) => words,
    })
}
