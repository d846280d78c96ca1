//! The SQLite database `default`.

use std::fmt;

use spin_sdk::sqlite::{self, Connection};

use crate::ports::{Database, DatabaseError, Databases, Row, Value};

/// The component's database.
#[derive(Clone, Copy, Debug)]
pub struct SpinDatabases;

impl Databases for SpinDatabases {
    type Connection = SpinDatabase;

    async fn connect(&self) -> Result<SpinDatabase, DatabaseError> {
        SpinDatabase::open().await
    }
}

/// One connection to the component's database.
pub struct SpinDatabase(Connection);

impl SpinDatabase {
    /// Opens a connection of its own. What is set on it (`PRAGMA foreign_keys`) holds for it alone.
    pub async fn open() -> Result<Self, DatabaseError> {
        Connection::open_default().await.map(Self).map_err(database_error)
    }
}

impl fmt::Debug for SpinDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SpinDatabase")
    }
}

impl Database for SpinDatabase {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let parameters: Vec<_> = parameters.iter().cloned().map(to_sdk).collect();
        let result = self
            .0
            .execute(statement, parameters)
            .await
            .map_err(database_error)?;
        let rows = result.collect().await.map_err(database_error)?;
        Ok(rows
            .into_iter()
            .map(|row| row.values.into_iter().map(from_sdk).collect())
            .collect())
    }
}

fn to_sdk(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(value) => sqlite::Value::Integer(value),
        Value::Real(value) => sqlite::Value::Real(value),
        Value::Text(value) => sqlite::Value::Text(value),
        Value::Blob(value) => sqlite::Value::Blob(value),
    }
}

fn from_sdk(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(value) => Value::Integer(value),
        sqlite::Value::Real(value) => Value::Real(value),
        sqlite::Value::Text(value) => Value::Text(value),
        sqlite::Value::Blob(value) => Value::Blob(value),
    }
}

fn database_error(error: sqlite::Error) -> DatabaseError {
    match error {
        sqlite::Error::Io(words) => DatabaseError::from_sqlite(words),
        sqlite::Error::NoSuchDatabase => DatabaseError::Other("there is no database of that name".to_owned()),
        sqlite::Error::AccessDenied => {
            DatabaseError::Other("the manifest does not grant the database".to_owned())
        }
        sqlite::Error::InvalidConnection => DatabaseError::Other("the connection is not valid".to_owned()),
        sqlite::Error::DatabaseFull => DatabaseError::Other("the database is full".to_owned()),
    }
}
