//! A connection, made when it is first used.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use tokio::task::spawn_blocking;

use super::{
    Database, Error,
    query::{self, Rows, Table},
    value::Value,
};

/// A connection to a database. Clones are the same connection, on which one statement runs at a time.
#[derive(Clone, Debug)]
pub struct Connection {
    database: Database,
    connected: Arc<Mutex<Option<rusqlite::Connection>>>,
}

impl Connection {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            connected: Arc::default(),
        }
    }

    /// Runs a statement and hands on its rows as they come. The connection is busy until the last is taken, or
    /// [`Rows`] is dropped.
    pub async fn stream(&self, statement: String, parameters: Vec<Value>) -> Result<Rows, Error> {
        query::stream(self.clone(), statement, parameters).await
    }

    /// Runs a statement and returns all its rows.
    pub async fn query(&self, statement: String, parameters: Vec<Value>) -> Result<Table, Error> {
        self.run(move |connection| query::all(connection, &statement, &parameters))
            .await
    }

    /// Runs any number of statements that return nothing.
    pub async fn execute_batch(&self, statements: String) -> Result<(), Error> {
        self.run(move |connection| Ok(connection.execute_batch(&statements)?))
            .await
    }

    /// How many rows the last INSERT, UPDATE or DELETE changed.
    pub async fn changes(&self) -> Result<u64, Error> {
        self.run(|connection| Ok(connection.changes())).await
    }

    /// The row id of the last successful INSERT, or 0.
    pub async fn last_insert_rowid(&self) -> Result<i64, Error> {
        self.run(|connection| Ok(connection.last_insert_rowid())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = self.clone();
        spawn_blocking(move || connection.with(work))
            .await
            .unwrap_or_else(|error| Err(Error(error.to_string())))
    }

    /// Runs `work` on this thread, which must be one that may block.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *connected {
            Some(connection) => connection,
            none => none.insert(connect(&self.database)?),
        };
        work(connection)
    }
}

fn connect(database: &Database) -> Result<rusqlite::Connection, Error> {
    let mut connection = database.location.connect()?;
    if !database.allow_attach_file {
        connection.authorizer(Some(refuse_to_attach_files))?;
    }
    Ok(connection)
}

/// Temporary and in-memory databases may be attached; both are gone with the connection.
fn refuse_to_attach_files(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
        _ => Authorization::Allow,
    }
}
