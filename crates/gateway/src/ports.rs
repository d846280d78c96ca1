//! What the use cases need from the outside, as traits: the adapters in the module `spin` fulfil them on Spin, and tests
//! with whatever suits the test (a real SQLite file, a map in memory).

#![expect(
    async_fn_in_trait,
    reason = "a guest has one thread: no future of ours is ever sent to another"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch (a JWT's NumericDate, RFC 7519 section 2).
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// The moment `duration` later.
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// The moment `duration` earlier, or the epoch itself.
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long it is from here to `later`; nothing, where a clock has been put back.
    pub const fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The one clock.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The one source of randomness, fit for keys and tokens.
pub trait Entropy {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Giving way to the other requests, of this instance and of others.
pub trait GiveWay {
    /// Lets others go on first. What computes for long asks for it now and then.
    async fn give_way(&self);
    /// Lets others go on for as long.
    async fn pause(&self, duration: Duration);
}

/// A value of a column or of a statement's parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// A row of an answer, its values in the order of the statement's columns.
pub type Row = Vec<Value>;

/// Why a statement did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// Another writer held the database for longer than the wait for it.
    #[error("the database is locked")]
    Locked,
    /// A constraint or a trigger of the schema refused the change; the database's own words.
    #[error("refused by the schema: {0}")]
    Constraint(String),
    /// Anything else; the database's own words.
    #[error("database: {0}")]
    Other(String),
}

impl DatabaseError {
    /// The error that SQLite's message stands for: messages are all that reaches a guest, local or through libSQL.
    pub fn from_sqlite(message: String) -> Self {
        // Our triggers refuse in the manner of SQLite's own texts ("TRIGGER constraint failed: last_admin").
        const LOCKED: [&str; 3] = [
            "database is locked",
            "database table is locked",
            "database schema is locked",
        ];
        const CONSTRAINT: &str = "constraint failed";
        let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
        if says(&LOCKED) {
            Self::Locked
        } else if message.contains(CONSTRAINT) {
            Self::Constraint(message)
        } else {
            Self::Other(message)
        }
    }
}

/// One connection to the SQL database (SQLite's dialect).
pub trait Database {
    /// Runs ONE statement and gives its rows. With a remote database each call may be a request of its own: what must
    /// be atomic is one statement or a trigger.
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError>;
}

impl<D: Database> Database for &D {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        (**self).execute(statement, parameters).await
    }
}

/// The component's database, by connections: each request has one of its own.
pub trait Databases {
    /// A connection.
    type Connection: Database;
    /// Opens a connection.
    async fn connect(&self) -> Result<Self::Connection, DatabaseError>;
}

/// The key-value store did not answer; its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key-value store: {0}")]
pub struct KeyValueError(pub String);

/// The key-value store that every function shares. Nothing in it expires by itself.
pub trait KeyValue {
    /// The value of `key`, if there is one.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError>;
    /// Sets `key`. Never a key that is ever incremented: the store keeps counters in a form of its own.
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError>;
    /// Removes `key`, if it is there.
    async fn delete(&self, key: &str) -> Result<(), KeyValueError>;
    /// Adds `delta` to the counter `key` (0 where it is absent) and gives the sum, atomically across all instances.
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyValueError>;
    /// The values of `keys`, in their order, read side by side.
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KeyValueError>;
}

/// Keys of the store that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The keys.
    pub keys: Vec<String>,
    /// Whether they are all that there were.
    pub is_all: bool,
}

/// What it takes to sweep the store: apart from [`KeyValue`], because only the sweep may see every key.
pub trait KeyValueSweep: KeyValue {
    /// The keys that `wanted` picks: all of them, or some (if there are any) where the store has more than can be listed at once.
    async fn find(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Found, KeyValueError>;
    /// Removes those of `keys` that are there.
    async fn delete_all(&self, keys: &[String]) -> Result<(), KeyValueError>;
}

/// The message broker did not take the message; its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("publish: {0}")]
pub struct PublishError(pub String);

/// The message broker. A message may be lost: it wakes somebody up and is never the record.
pub trait Publisher {
    /// Publishes `payload` on `channel`.
    async fn publish(&self, channel: &str, payload: &[u8]) -> Result<(), PublishError>;
}

/// A request of ours that no answer came to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It took too long: whether the request has been carried out is not known.
    #[error("no answer in time")]
    Timeout,
    /// No connection came about, or it broke; the words of what lies below.
    #[error("no connection: {0}")]
    Broken(String),
    /// The manifest does not let the component call this host.
    #[error("the component's `allowed_outbound_hosts` do not allow this host")]
    NotAllowed,
}

/// The way to other servers, over HTTP.
pub trait OutboundHttp {
    /// Sends a request and waits for the answer, for no longer than the adapter's time limit. A body that is too long or breaks
    /// off is cut there: the status has been said by then.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer>;
}

impl<H: OutboundHttp> OutboundHttp for &H {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        (**self).send(request).await
    }
}

/// The ports of a component that knows users: one type instead of five wherever they go together.
pub trait Ports {
    /// The database.
    type Databases: Databases;
    /// The key-value store.
    type KeyValue: KeyValue;
    /// The clock.
    type Clock: Clock;
    /// The source of randomness.
    type Entropy: Entropy;
    /// The way to let others go first.
    type Way: GiveWay;

    /// The database.
    fn databases(&self) -> &Self::Databases;
    /// The key-value store.
    fn key_value(&self) -> &Self::KeyValue;
    /// The clock.
    fn clock(&self) -> &Self::Clock;
    /// The source of randomness.
    fn entropy(&self) -> &Self::Entropy;
    /// The way to let others go first.
    fn way(&self) -> &Self::Way;
}

/// A variable is there, and cannot be read: whoever keeps it does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be read ({0})")]
pub struct VariableError(pub &'static str);

/// The configuration: the component's variables in spin.toml.
pub trait Variables {
    /// The variable's value, or `None` where the component has no variable of that name. Names are snake_case.
    async fn get(&self, name: &str) -> Result<Option<String>, VariableError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlites_messages_are_told_apart() {
        let kinds = [
            ("database is locked", DatabaseError::Locked),
            (
                "SQLite error: database table is locked: users",
                DatabaseError::Locked,
            ),
        ];
        for (message, kind) in kinds {
            assert_eq!(DatabaseError::from_sqlite(message.to_owned()), kind);
        }
        for message in [
            "UNIQUE constraint failed: users.email",
            "FOREIGN KEY constraint failed",
            "TRIGGER constraint failed: last_admin",
        ] {
            let expected = DatabaseError::Constraint(message.to_owned());
            assert_eq!(DatabaseError::from_sqlite(message.to_owned()), expected);
        }
        let other = "no such table: users".to_owned();
        assert_eq!(
            DatabaseError::from_sqlite(other.clone()),
            DatabaseError::Other(other)
        );
    }
}
