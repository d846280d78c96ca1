//! Where the data lives: SQL, one small function a statement, named for what it does.
//!
//! The database decides. Uniqueness, references, the last administrator, the single use of a refresh token are held by
//! the schema (`migrations/`); the functions here only turn what it refuses into a [`StoreError`].

pub mod accounts;
pub mod administration;
pub mod audit;
pub mod bookings;
mod columns;
mod error;
pub mod export;
pub mod inbox;
mod migrate;
pub mod notifications;
pub mod one_time_tokens;
pub mod outbox;
pub mod preferences;
pub mod refused_messages;
pub mod reminders;
pub mod roles;
mod rule;
pub mod second_factor;
pub mod secrets;
pub mod sessions;
pub mod signin_codes;
pub mod signing_keys;
pub mod users;

pub use error::StoreError;
pub use migrate::Schema;
pub use rule::Rule;

use self::columns::Columns;
use crate::domain::Origin;
use crate::ports::{Database, DatabaseError, Databases, Value};

/// How often a statement is tried while another writer holds the database. Each try already waits as long as the
/// database's own busy timeout.
const ATTEMPTS: u32 = 3;

/// A connection to a database whose schema is current.
#[derive(Debug)]
pub struct Store<D> {
    database: D,
}

/// A store on a fresh connection.
pub async fn connect<D: Databases>(
    databases: &D,
    schema: &Schema,
) -> Result<Store<D::Connection>, StoreError> {
    Store::open(databases.connect().await?, schema).await
}

impl<D: Database> Store<D> {
    /// Makes a store of a fresh connection. `schema` is to be the instance's one: with it, only the first connection
    /// of an instance looks whether there is anything to migrate.
    pub async fn open(database: D, schema: &Schema) -> Result<Self, StoreError> {
        let store = Self { database };
        // Off by default, and per connection. Outside a transaction, where it would be ignored.
        store.run("PRAGMA foreign_keys = ON", &[]).await?;
        schema.ensure(&store).await?;
        Ok(store)
    }

    async fn run(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Columns>, StoreError> {
        let mut attempt = 1;
        loop {
            match self.database.execute(statement, parameters).await {
                Ok(rows) => return Ok(rows.into_iter().map(Columns::new).collect()),
                Err(DatabaseError::Locked) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(StoreError::from(error)),
            }
        }
    }

    /// The first row of the answer, if there is one.
    async fn first(&self, statement: &str, parameters: &[Value]) -> Result<Option<Columns>, StoreError> {
        Ok(self.run(statement, parameters).await?.into_iter().next())
    }

    /// Whether the database answers. For readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run("SELECT 1 FROM users LIMIT 1", &[]).await.map(drop)
    }
}

/// The columns `client_address` and `request_id` of the audit log.
fn origin(origin: &Origin) -> [Value; 2] {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    [
        text(origin.client_address.map(|address| address.to_string())),
        text(origin.request_id.clone()),
    ]
}
