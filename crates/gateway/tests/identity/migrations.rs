//! The schema comes to be on first use.

use std::time::Duration;

use jetway_gateway::ports::{Database, DatabaseError, Row, Value};
use jetway_gateway::store::{Schema, Store, StoreError};
use jetway_gateway::test_support::{Connection, TestDatabase, block_on};

use crate::world::{World, at_once};

/// How many there are in `migrations/`.
fn migrations() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    std::fs::read_dir(folder).unwrap().count().to_string()
}

fn schema_of(database: &TestDatabase) -> String {
    database.text("SELECT group_concat(type || ' ' || name || ' ' || sql, char(10)) FROM (SELECT * FROM sqlite_schema ORDER BY name)")
}

#[test]
fn forty_instances_that_start_at_once_make_one_schema() {
    let database = TestDatabase::default();

    let opened = at_once(40, |_| {
        block_on(Store::open(database.connect(), &Schema::new())).map(drop)
    });

    assert_eq!(opened, vec![Ok(()); 40]);
    assert_eq!(
        database.text("SELECT count(*) FROM schema_migrations"),
        migrations()
    );
    assert_eq!(database.text("SELECT count(*) FROM roles"), "3");
    assert_eq!(schema_of(&database), schema_of(&World::default().migrated()));
}

#[test]
fn the_write_ahead_log_is_on_and_foreign_keys_too() {
    let database = TestDatabase::default();
    let connection = database.connect();
    block_on(Store::open(&connection, &Schema::new())).unwrap();
    let foreign_keys = block_on(connection.execute("PRAGMA foreign_keys", &[])).unwrap();
    assert_eq!(foreign_keys, [[Value::Integer(1)]]);
    assert_eq!(database.text("PRAGMA journal_mode"), "wal");
}

#[test]
fn an_instance_looks_only_once() {
    let database = TestDatabase::default();
    let schema = Schema::new();
    block_on(Store::open(database.connect(), &schema)).unwrap();
    let counting = Counting {
        connection: database.connect(),
        statements: Default::default(),
    };
    block_on(Store::open(&counting, &schema)).unwrap();
    assert_eq!(
        counting.statements.get(),
        1,
        "only the foreign keys of the new connection"
    );
}

#[test]
fn without_transactions_the_schema_is_the_same() {
    // As on a remote server where the lock does not outlast a statement: and another instance is always in between.
    let database = TestDatabase::default();
    at_once(4, |_| {
        let open = || block_on(Store::open(Autocommit(database.connect()), &Schema::new())).map(drop);
        // While one of them migrates, the others are told to come again.
        let opened = std::iter::repeat_with(open).find(|opened| *opened != Err(StoreError::Busy));
        assert_eq!(opened, Some(Ok(())));
    });
    assert_eq!(
        database.text("SELECT count(*) FROM schema_migrations"),
        migrations()
    );
    assert_eq!(schema_of(&database), schema_of(&World::default().migrated()));
}

#[test]
fn a_migration_that_is_broken_off_without_a_transaction_is_brought_to_its_end() {
    let whole = schema_of(&World::default().migrated());
    for statements in 1.. {
        let database = TestDatabase::default();
        let remote = BrokenOff {
            database: Autocommit(hasty(&database)),
            left: statements.into(),
        };
        let opened = block_on(Store::open(&remote, &Schema::new())).map(drop);
        // The minute for which it would be waited for.
        if database.text("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration_turn'") == "1" {
            database.run("UPDATE schema_migration_turn SET taken_until = ''");
        }
        let again = block_on(Store::open(Autocommit(hasty(&database)), &Schema::new())).map(drop);
        assert_eq!(again, Ok(()), "after {statements} statements");
        assert_eq!(schema_of(&database), whole, "after {statements} statements");
        if opened.is_ok() {
            return;
        }
    }
}

#[test]
fn a_migration_that_fails_leaves_nothing_behind() {
    let database = TestDatabase::default();
    // The name is taken by another table.
    database.run("CREATE TABLE roles (other)");
    let failed = block_on(Store::open(database.connect(), &Schema::new()));
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(
        database.text("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"),
        "1"
    );
    database.run("DROP TABLE roles");
    assert!(block_on(Store::open(database.connect(), &Schema::new())).is_ok());
}

#[test]
fn a_locked_database_is_busy_and_passes() {
    let database = TestDatabase::default();
    let holder = database.connect();
    holder.0.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let impatient = database.connect();
    impatient.0.busy_timeout(Duration::from_millis(10)).unwrap();
    let opened = block_on(Store::open(impatient, &Schema::new()));
    assert_eq!(opened.map(drop), Err(StoreError::Busy));
    holder.0.execute_batch("ROLLBACK").unwrap();
    assert!(block_on(Store::open(database.connect(), &Schema::new())).is_ok());
}

impl World {
    fn migrated(self) -> TestDatabase {
        self.store();
        self.ports.databases
    }
}

/// Counts what it is asked.
struct Counting {
    connection: Connection,
    statements: std::cell::Cell<usize>,
}

impl Database for Counting {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        self.statements.set(self.statements.get() + 1);
        self.connection.execute(statement, parameters).await
    }
}

/// A database where every statement is a transaction of its own.
struct Autocommit(Connection);

impl Database for Autocommit {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        match statement {
            "BEGIN IMMEDIATE" => Ok(Vec::new()),
            "COMMIT" => Err(DatabaseError::Other(
                "cannot commit - no transaction is active".to_owned(),
            )),
            _ => self.0.execute(statement, parameters).await,
        }
    }
}

/// A connection that waits for no disk, where every statement would wait for it.
fn hasty(database: &TestDatabase) -> Connection {
    let connection = database.connect();
    connection.0.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

/// A remote database whose answers are lost after so many statements, all of which it has run.
struct BrokenOff {
    database: Autocommit,
    left: std::cell::Cell<usize>,
}

impl Database for BrokenOff {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let lost = || DatabaseError::Other("the connection is lost".to_owned());
        let left = self.left.get().checked_sub(1).ok_or_else(lost)?;
        self.left.set(left);
        let answer = self.database.execute(statement, parameters).await?;
        if left == 0 { Err(lost()) } else { Ok(answer) }
    }
}
