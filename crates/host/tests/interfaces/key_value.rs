//! The key-value backends, on real SQLite files and a real Redis server.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use crate::redis_server::RedisServer;
use jetway_host::backends::{
    Location,
    key_value::{Error, RedisStore, SqliteStores, Store, StoreProvider, SwapError, all_keys},
};
use tempfile::TempDir;

fn in_file(path: &Path, label: &str) -> Arc<dyn Store> {
    let stores = SqliteStores::new(Location::File(path.to_owned()));
    StoreProvider::Sqlite(stores).open(label).unwrap()
}

fn in_memory() -> Arc<dyn Store> {
    StoreProvider::Sqlite(SqliteStores::new(Location::Memory))
        .open("default")
        .unwrap()
}

fn in_redis(server: &RedisServer) -> Arc<dyn Store> {
    StoreProvider::Redis(RedisStore::new(&server.url()).unwrap())
        .open("default")
        .unwrap()
}

/// Runs a test on every backend: a file, memory, and Redis where there is a server to start.
macro_rules! on_every_backend {
    ($($(#[$docs:meta])* $name:ident($store:ident) $body:block)*) => { $(
        mod $name {
            use super::*;

            $(#[$docs])*
            async fn check($store: Arc<dyn Store>) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn file() {
                let folder = TempDir::new().unwrap();
                check(in_file(&folder.path().join("folder/kv.db"), "default")).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn memory() {
                check(in_memory()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn redis() {
                let Some(server) = RedisServer::start() else { return };
                check(in_redis(&server)).await;
            }
        }
    )* };
}

on_every_backend! {
    values_are_set_read_and_deleted(store) {
        assert_eq!(store.get("key").await.unwrap(), None);
        assert!(!store.exists("key").await.unwrap());
        store.set("key", b"one".to_vec()).await.unwrap();
        store.set("key", vec![0, 159, 146, 150]).await.unwrap();
        assert_eq!(store.get("key").await.unwrap(), Some(vec![0, 159, 146, 150]));
        store.set("empty", Vec::new()).await.unwrap();
        assert_eq!(store.get("empty").await.unwrap(), Some(Vec::new()));
        assert!(store.exists("key").await.unwrap());
        store.delete("key").await.unwrap();
        store.delete("key").await.unwrap();
        assert_eq!(store.get("key").await.unwrap(), None);
    }

    batches_leave_out_what_is_not_there(store) {
        let entries = vec![("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())];
        store.set_many(entries.clone()).await.unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut read = store.get_many(names(&["b", "none", "a"])).await.unwrap();
        read.sort();
        assert_eq!(read, entries);
        store.delete_many(names(&["a", "none"])).await.unwrap();
        assert_eq!(all_keys(store.as_ref()).await.unwrap(), ["b"]);
    }

    a_long_list_of_keys_is_whole(store) {
        let name = |number: usize| format!("key-{number}");
        let entries = (0..2500).map(|number| (name(number), b"x".to_vec())).collect();
        store.set_many(entries).await.unwrap();
        store.set("", b"the empty key".to_vec()).await.unwrap();
        let expected: BTreeSet<_> = (0..2500).map(name).chain([String::new()]).collect();
        let keys = all_keys(store.as_ref()).await.unwrap();
        assert_eq!(keys.len(), expected.len());
        assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    counters_begin_at_zero_and_never_wrap(store) {
        assert_eq!(store.increment("n", 5).await.unwrap(), 5);
        assert_eq!(store.increment("n", -7).await.unwrap(), -2);
        assert_eq!(store.increment("n", 0).await.unwrap(), -2);
        assert_eq!(store.increment("max", i64::MAX).await.unwrap(), i64::MAX);
        store.increment("max", 1).await.unwrap_err();
        assert_eq!(store.increment("max", 0).await.unwrap(), i64::MAX);
    }

    a_value_that_is_no_counter_is_refused_and_kept(store) {
        store.set("text", b"not a number".to_vec()).await.unwrap();
        store.increment("text", 1).await.unwrap_err();
        assert_eq!(store.get("text").await.unwrap().unwrap(), b"not a number");
        assert_eq!(store.increment("other", 1).await.unwrap(), 1);
    }

    increments_at_once_are_all_counted(store) {
        let tasks = (0..200).map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.increment("n", 1).await.unwrap() })
        });
        let mut seen = BTreeSet::new();
        for task in tasks.collect::<Vec<_>>() {
            seen.insert(task.await.unwrap());
        }
        assert_eq!(seen, (1..=200).collect());
    }

    a_swap_fails_when_another_wrote_first(store) {
        store.set("key", b"old".to_vec()).await.unwrap();
        let [first, second] =
            [store.compare_and_swap("key").await.unwrap(), store.compare_and_swap("key").await.unwrap()];
        assert_eq!(first.current().await.unwrap().unwrap(), b"old");
        assert_eq!(second.current().await.unwrap().unwrap(), b"old");
        first.swap(b"first".to_vec()).await.unwrap();
        assert!(matches!(second.swap(b"second".to_vec()).await, Err(SwapError::Changed)));
        assert_eq!(store.get("key").await.unwrap().unwrap(), b"first");
        assert_eq!(second.current().await.unwrap().unwrap(), b"first");
        second.swap(b"second".to_vec()).await.unwrap();
        assert_eq!(store.get("key").await.unwrap().unwrap(), b"second");
    }

    a_swap_of_a_missing_key_inserts_and_does_not_replace(store) {
        let [first, second] =
            [store.compare_and_swap("key").await.unwrap(), store.compare_and_swap("key").await.unwrap()];
        assert_eq!(first.current().await.unwrap(), None);
        assert_eq!(second.current().await.unwrap(), None);
        first.swap(b"first".to_vec()).await.unwrap();
        assert!(matches!(second.swap(b"second".to_vec()).await, Err(SwapError::Changed)));
        assert_eq!(store.get("key").await.unwrap().unwrap(), b"first");
    }

    a_swap_that_read_nothing_writes(store) {
        store.set("key", b"old".to_vec()).await.unwrap();
        store.compare_and_swap("key").await.unwrap().swap(b"new".to_vec()).await.unwrap();
        assert_eq!(store.get("key").await.unwrap().unwrap(), b"new");
    }
}

/// One row of the table that Spin's host keeps.
fn rows(path: &Path) -> Vec<(String, String, Vec<u8>)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT store, key, value FROM spin_key_value ORDER BY store, key")
        .unwrap();
    let rows = statement.query_map([], |row| row.try_into()).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_laid_out_as_spin_lays_it_out() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sqlite_key_value.db");
    in_file(&path, "default")
        .set("key", b"value".to_vec())
        .await
        .unwrap();
    let other = in_file(&path, "other");
    assert_eq!(
        other.get("key").await.unwrap(),
        None,
        "stores of one file are apart"
    );
    other.increment("count", 258).await.unwrap();
    other.increment("negative", -1).await.unwrap();
    assert_eq!(
        rows(&path),
        [
            ("default".to_owned(), "key".to_owned(), b"value".to_vec()),
            (
                "other".to_owned(),
                "count".to_owned(),
                vec![2, 1, 0, 0, 0, 0, 0, 0]
            ),
            ("other".to_owned(), "negative".to_owned(), vec![255; 8]),
        ]
    );
    let connection = rusqlite::Connection::open(&path).unwrap();
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(journal, "wal", "it is ours to choose, and Spin goes on with it");
    let columns =
        connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info('spin_key_value')");
    let columns: Vec<(String, String, bool, u32)> = columns
        .unwrap()
        .query_map([], |row| row.try_into())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let column = |name: &str, kind: &str, key| (name.to_owned(), kind.to_owned(), true, key);
    assert_eq!(
        columns,
        [
            column("store", "TEXT", 1),
            column("key", "TEXT", 2),
            column("value", "BLOB", 0)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_spin_made_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sqlite_key_value.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS spin_key_value (
                 store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key));
             INSERT INTO spin_key_value VALUES ('default', 'count', x'2a00000000000000');",
        )
        .unwrap();
    drop(connection);
    assert_eq!(in_file(&path, "default").increment("count", 1).await.unwrap(), 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_the_wrong_length_is_named() {
    let store = in_memory();
    store.set("visits", b"123".to_vec()).await.unwrap();
    let error = store.increment("visits", 1).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotACounter { key, length: 3 } if key == "visits"),
        "{error}"
    );
}

/// Each connection stands for a process: SQLite knows no difference.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_on_one_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kv.db");
    let stores = [in_file(&path, "default"), in_file(&path, "default")];
    let tasks = stores.map(|store| {
        tokio::spawn(async move {
            for _ in 0..100 {
                store.increment("n", 1).await.unwrap();
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(in_file(&path, "default").increment("n", 0).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_opened_is_an_error() {
    let folder = TempDir::new().unwrap();
    let stores = StoreProvider::Sqlite(SqliteStores::new(Location::File(folder.path().to_owned())));
    stores.open("default").unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_keys_and_counters_as_they_are() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = in_redis(&server);
    store.set("key", b"value".to_vec()).await.unwrap();
    store.increment("count", 258).await.unwrap();
    let mut connection = server.connection();
    assert_eq!(
        redis::cmd("GET")
            .arg("key")
            .query::<String>(&mut connection)
            .unwrap(),
        "value"
    );
    assert_eq!(
        redis::cmd("GET")
            .arg("count")
            .query::<String>(&mut connection)
            .unwrap(),
        "258"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_is_used_again() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let store = in_redis(&server);
    store.set("key", b"value".to_vec()).await.unwrap();
    server.stop();
    let begun = std::time::Instant::now();
    store.get("key").await.unwrap_err();
    assert!(begun.elapsed().as_secs() < 10, "an error, never a hang");
    server.start_again();
    let mut answer = store.get("key").await;
    for _ in 0..50 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = store.get("key").await;
    }
    assert_eq!(answer.unwrap(), None);
}
