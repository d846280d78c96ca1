//! `spin:sqlite@3.1.0`: SQLite databases for guests.
//!
//! A component opens the databases that its section of the manifest names, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wasmtime::component::{Accessor, FutureReader, HasData, Linker, Resource, ResourceTable, StreamReader};

use super::{
    InterfacesView,
    bindings::spin::sqlite::sqlite::{
        self, Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
    },
    stream::{Batches, outcome},
};
use crate::backends::sqlite::{self as backend, Connection, Database, Table};

/// How many connections an instance may hold at a time.
const MAX_CONNECTIONS: usize = 256;

/// All databases, by label.
pub(super) type Databases = Arc<BTreeMap<String, Database>>;

/// What an instance holds of databases.
#[derive(Debug)]
pub(super) struct State {
    allowed: BTreeSet<String>,
    databases: Databases,
    table: ResourceTable,
}

impl State {
    pub(super) fn new(allowed: &[String], databases: Databases) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_CONNECTIONS);
        Self {
            allowed: allowed.iter().cloned().collect(),
            databases,
            table,
        }
    }

    fn connect(&mut self, label: &str) -> Result<Resource<Connection>, Error> {
        if !self.allowed.contains(label) {
            return Err(Error::AccessDenied);
        }
        let connection = self.databases.get(label).ok_or(Error::NoSuchDatabase)?.open();
        self.table
            .push(connection)
            .map_err(|_| Error::Io("too many connections opened".to_owned()))
    }

    fn connection(&self, connection: &Resource<Connection>) -> Result<Connection, Error> {
        self.table
            .get(connection)
            .cloned()
            .map_err(|_| Error::InvalidConnection)
    }
}

/// Says where the state of this interface is.
struct Sqlite;

impl HasData for Sqlite {
    type Data<'a> = &'a mut State;
}

pub(super) fn add_to_linker<T: InterfacesView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    sqlite::add_to_linker::<_, Sqlite>(linker, |data| &mut data.interfaces().sqlite)
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostConnection for State {
    async fn open(&mut self, database: String) -> Result<Resource<Connection>, Error> {
        self.connect(&database)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let connection = self.connection(&connection)?;
        let Table { columns, rows } = connection.query(statement, from_guest(parameters)).await?;
        Ok(QueryResult {
            columns,
            rows: rows.into_iter().map(to_guest).collect(),
        })
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.connection(&connection)?.last_insert_rowid().await?)
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.connection(&connection)?.changes().await?)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T> HostConnectionWithStore<T> for Sqlite {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut access| access.get().connect(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<
        (
            Vec<String>,
            StreamReader<RowResult>,
            FutureReader<Result<(), Error>>,
        ),
        Error,
    > {
        let connection = opened(accessor, &connection)?;
        let answer = connection.stream(statement, from_guest(parameters)).await?;
        accessor
            .with(|mut access| {
                let rows = StreamReader::new(&mut access, Batches::new(answer.batches, to_guest))?;
                let end = FutureReader::new(&mut access, outcome(answer.outcome, Error::Io))?;
                Ok((answer.columns, rows, end))
            })
            .map_err(|error: wasmtime::Error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        Ok(opened(accessor, &connection)?.last_insert_rowid().await?)
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        Ok(opened(accessor, &connection)?.changes().await?)
    }
}

fn opened<T>(accessor: &Accessor<T, Sqlite>, connection: &Resource<Connection>) -> Result<Connection, Error> {
    accessor.with(|mut access| access.get().connection(connection))
}

fn from_guest(parameters: Vec<Value>) -> Vec<backend::Value> {
    let convert = |value| match value {
        Value::Integer(integer) => backend::Value::Integer(integer),
        Value::Real(real) => backend::Value::Real(real),
        Value::Text(text) => backend::Value::Text(text),
        Value::Blob(bytes) => backend::Value::Blob(bytes),
        Value::Null => backend::Value::Null,
    };
    parameters.into_iter().map(convert).collect()
}

fn to_guest(row: backend::Row) -> RowResult {
    let convert = |value| match value {
        backend::Value::Integer(integer) => Value::Integer(integer),
        backend::Value::Real(real) => Value::Real(real),
        backend::Value::Text(text) => Value::Text(text),
        backend::Value::Blob(bytes) => Value::Blob(bytes),
        backend::Value::Null => Value::Null,
    };
    RowResult {
        values: row.into_iter().map(convert).collect(),
    }
}

impl From<backend::Error> for Error {
    fn from(error: backend::Error) -> Self {
        Self::Io(error.to_string())
    }
}
