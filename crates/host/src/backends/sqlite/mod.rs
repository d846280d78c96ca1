//! SQLite databases, each a file or in memory.
//!
//! Every [`Database::open`] is a connection of its own, made on its first use, so that the transactions of two callers
//! never meet on one. Statements run on threads that may block. An error carries SQLite's text as rusqlite words it,
//! because guests tell a broken constraint or a locked database by it.

mod connection;
mod query;
mod startup;
mod value;

pub use self::connection::Connection;
pub use self::query::{Rows, Table};
pub use self::startup::{StartupError, run_startup_statements};
pub use self::value::{Row, Value};
use super::{Location, MAX_BUFFERED_BYTES};

/// What went wrong, in the words of SQLite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    fn too_large() -> Self {
        Self(format!(
            "query result exceeds limit of {MAX_BUFFERED_BYTES} bytes"
        ))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// A database that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    location: Location,
    allow_attach_file: bool,
}

impl Database {
    /// The database at `location`. Unless `allow_attach_file`, its connections refuse to `ATTACH` a file: a component
    /// that may use one database must not reach for others through it.
    pub fn new(location: Location, allow_attach_file: bool) -> Self {
        Self {
            location,
            allow_attach_file,
        }
    }

    /// A new connection.
    pub fn open(&self) -> Connection {
        Connection::new(self.clone())
    }
}
