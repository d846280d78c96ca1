//! Where the data behind the interfaces lives: key-value stores, SQLite databases, Redis servers.
//!
//! Nothing here knows Wasmtime or a component: a backend is made from configuration and used by any number of callers at
//! once, and it answers every failure as a value. Which component may use which backend is decided in
//! [`crate::interfaces`].

mod configured;
pub mod key_value;
pub mod redis;
pub mod sqlite;

pub use self::configured::{Backends, InvalidRedisUrl};

use std::path::{Path, PathBuf};

/// The most that one answer may hold in the host's memory: one guest must not take the memory of all.
pub const MAX_BUFFERED_BYTES: usize = 128 << 20;

/// Where a SQLite database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In memory, and gone with the last connection to it.
    Memory,
    /// In a file, which is made if need be, and its folder with it.
    File(PathBuf),
}

impl Location {
    /// The file, or memory where there is none.
    pub fn of(path: Option<PathBuf>) -> Self {
        path.map_or(Self::Memory, Self::File)
    }

    /// Connects to the database with rusqlite's defaults: no journal mode is set, foreign keys are as SQLite has them,
    /// and a statement that finds the database locked waits for five seconds.
    fn connect(&self) -> Result<rusqlite::Connection, rusqlite::Error> {
        match self {
            Self::Memory => rusqlite::Connection::open_in_memory(),
            Self::File(path) => {
                make_folder_of(path);
                rusqlite::Connection::open(path)
            }
        }
    }
}

/// A folder that cannot be made shows itself one step later, when SQLite names the file that it cannot open.
fn make_folder_of(path: &Path) {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).ok();
    }
}
