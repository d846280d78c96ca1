//! The state folder of a gateway, looked at from outside, as an operator would.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// The SQL database that Spin keeps in a state folder.
pub fn database_file(state: &Path) -> PathBuf {
    state.join("sqlite_db.db")
}

/// The key-value store that Spin keeps in a state folder.
pub fn key_value_file(state: &Path) -> PathBuf {
    state.join("sqlite_key_value.db")
}

/// A connection to the gateway's SQL database.
pub fn database(state: &Path) -> Connection {
    Connection::open_with_flags(database_file(state), OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("the gateway has made its database")
}

/// A connection to the gateway's key-value store.
pub fn key_value(state: &Path) -> Connection {
    let file = key_value_file(state);
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("the gateway has made its store")
}

/// The single number that a query such as `SELECT count(*) ...` gives.
pub fn number(state: &Path, query: &str, parameter: &str) -> i64 {
    database(state)
        .query_row(query, [parameter], |row| row.get(0))
        .expect("a query that gives one number")
}

/// The single text that a query gives.
pub fn text(state: &Path, query: &str, parameter: &str) -> String {
    database(state)
        .query_row(query, [parameter], |row| row.get(0))
        .expect("a query that gives one text")
}

/// The keys in the key-value store that begin so.
pub fn keys(state: &Path, prefix: &str) -> Vec<String> {
    let connection = Connection::open_with_flags(key_value_file(state), OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("the gateway has made its store");
    let mut statement = connection
        .prepare("SELECT key FROM spin_key_value WHERE key LIKE ?1 || '%' ORDER BY key")
        .expect("the store has a table");
    let keys = statement
        .query_map([prefix], |row| row.get(0))
        .expect("a query that runs");
    keys.map(|key| key.expect("a key is text")).collect()
}

/// Everything in the state folder, as bytes: what a thief of the disk would read.
pub fn all_bytes(state: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(state).expect("the state folder is there");
    let paths = files.map(|file| file.expect("a readable folder").path());
    // SQLite removes its journals whenever it likes: one that is gone is no secret any more.
    paths
        .filter_map(|path| std::fs::read(path).ok())
        .flatten()
        .collect()
}
