//! A real SQLite file.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::params_from_iter;
use rusqlite::types::{Value as Sql, ValueRef};

use crate::ports::{Database, DatabaseError, Databases, Row, Value};
use crate::store::{Schema, Store};

/// A database file of its own, gone with the test.
#[derive(Debug)]
pub struct TestDatabase {
    directory: tempfile::TempDir,
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary folder"),
        }
    }
}

impl TestDatabase {
    /// A connection of its own, as every request has on Spin.
    pub fn connect(&self) -> Connection {
        let connection = rusqlite::Connection::open(self.path()).expect("an SQLite file");
        connection
            .busy_timeout(Duration::from_secs(20))
            .expect("a busy timeout");
        Connection(connection)
    }

    /// A store on a connection of its own, migrated.
    pub fn store(&self) -> Store<Connection> {
        super::block_on(Store::open(self.connect(), &Schema::new())).expect("a migrated database")
    }

    /// Runs statements on a connection of its own, past the code that is tested.
    pub fn run(&self, statements: &str) {
        self.connect()
            .0
            .execute_batch(statements)
            .expect("statements that run");
    }

    /// The first value of a query's answer, as text.
    pub fn text(&self, query: &str) -> String {
        let value: Sql = self
            .connect()
            .0
            .query_row(query, [], |row| row.get(0))
            .expect("a row");
        match value {
            Sql::Text(text) => text,
            Sql::Integer(integer) => integer.to_string(),
            other => format!("{other:?}"),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }
}

impl Databases for TestDatabase {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, DatabaseError> {
        Ok(Self::connect(self))
    }
}

/// A connection to a [`TestDatabase`].
#[derive(Debug)]
pub struct Connection(pub rusqlite::Connection);

impl Database for Connection {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        run(&self.0, statement, parameters).map_err(database_error)
    }
}

fn run(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare(statement)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(parameters.iter().map(to_sql)))?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        answer.push(
            (0..columns)
                .map(|i| row.get_ref(i).map(from_sql))
                .collect::<Result<Row, _>>()?,
        );
    }
    Ok(answer)
}

fn to_sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Integer(integer) => Sql::Integer(*integer),
        Value::Real(real) => Sql::Real(*real),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Blob(bytes) => Sql::Blob(bytes.clone()),
    }
}

fn from_sql(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// Through the words alone, which are all that reaches a guest.
fn database_error(error: rusqlite::Error) -> DatabaseError {
    DatabaseError::from_sqlite(error.to_string())
}
