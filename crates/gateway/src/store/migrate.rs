//! Bringing the schema up to date, on first use.
//!
//! Any number of instances may start at the same moment. On a local file they take turns: the first holds the write lock
//! while it migrates, the others wait and then find nothing left to do. On a remote server the lock does not outlast a
//! statement, and a migration may be broken off anywhere; so they take turns by a row too ([`turn`]), which says how far it got.

mod statements;
mod turn;

use std::sync::atomic::{AtomicBool, Ordering};

use self::statements::statements;
use self::turn::Turn;
use super::{Store, StoreError};
use crate::ports::{Database, Value};

/// A file of `migrations/`.
#[derive(Debug)]
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In the order in which they are applied. A migration that has been released is never changed.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "identity",
        sql: include_str!("../../../../migrations/0001_identity.sql"),
    },
    Migration {
        version: 2,
        name: "assertion_keys",
        sql: include_str!("../../../../migrations/0002_assertion_keys.sql"),
    },
    Migration {
        version: 3,
        name: "account_state",
        sql: include_str!("../../../../migrations/0003_account_state.sql"),
    },
    Migration {
        version: 4,
        name: "devices",
        sql: include_str!("../../../../migrations/0004_devices.sql"),
    },
    Migration {
        version: 5,
        name: "key_rotation",
        sql: include_str!("../../../../migrations/0005_key_rotation.sql"),
    },
    Migration {
        version: 6,
        name: "refresh_grace",
        sql: include_str!("../../../../migrations/0006_refresh_grace.sql"),
    },
    Migration {
        version: 7,
        name: "account_life",
        sql: include_str!("../../../../migrations/0007_account_life.sql"),
    },
    Migration {
        version: 8,
        name: "administration",
        sql: include_str!("../../../../migrations/0008_administration.sql"),
    },
    Migration {
        version: 9,
        name: "second_factor",
        sql: include_str!("../../../../migrations/0009_second_factor.sql"),
    },
    Migration {
        version: 10,
        name: "notifications",
        sql: include_str!("../../../../migrations/0010_notifications.sql"),
    },
    Migration {
        version: 11,
        name: "preferences",
        sql: include_str!("../../../../migrations/0011_preferences.sql"),
    },
    Migration {
        version: 12,
        name: "bookings",
        sql: include_str!("../../../../migrations/0012_bookings.sql"),
    },
    Migration {
        version: 13,
        name: "audit_addresses",
        sql: include_str!("../../../../migrations/0013_audit_addresses.sql"),
    },
    Migration {
        version: 18,
        name: "signin_codes",
        sql: include_str!("../../../../migrations/0018_signin_codes.sql"),
    },
    Migration {
        version: 19,
        name: "codes_end",
        sql: include_str!("../../../../migrations/0019_codes_end.sql"),
    },
    Migration {
        version: 20,
        name: "first_proofs",
        sql: include_str!("../../../../migrations/0020_first_proofs.sql"),
    },
    Migration {
        version: 21,
        name: "sessions",
        sql: include_str!("../../../../migrations/0021_sessions.sql"),
    },
    Migration {
        version: 22,
        name: "bounds",
        sql: include_str!("../../../../migrations/0022_bounds.sql"),
    },
];

/// What an instance knows of the schema: one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct Schema {
    current: AtomicBool,
}

impl Schema {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self {
            current: AtomicBool::new(false),
        }
    }

    /// Migrates, unless this instance knows that it need not.
    pub(super) async fn ensure<D: Database>(&self, store: &Store<D>) -> Result<(), StoreError> {
        if self.current.load(Ordering::Relaxed) {
            return Ok(());
        }
        if applied(store).await? < newest() {
            migrate(store).await?;
        }
        write_ahead(store).await?;
        self.current.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The version that the database is at.
async fn applied<D: Database>(store: &Store<D>) -> Result<i64, StoreError> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
    if store.first(table, &[]).await?.is_none() {
        return Ok(0);
    }
    let version = store
        .first("SELECT coalesce(max(version), 0) FROM schema_migrations", &[])
        .await?;
    version.map_or(Ok(0), |mut row| row.integer())
}

async fn migrate<D: Database>(store: &Store<D>) -> Result<(), StoreError> {
    // IMMEDIATE takes the write lock now, so that two instances do not both read and then both write.
    store.run("BEGIN IMMEDIATE", &[]).await?;
    let migrated = apply_missing(store).await;
    if migrated.is_ok() {
        return match store.run("COMMIT", &[]).await {
            // A remote server has committed each statement by itself.
            Err(StoreError::Failed(words)) if words.contains("no transaction is active") => Ok(()),
            other => other.map(drop),
        };
    }
    // What failed is worth more than whether the rollback, which closing the connection does too, worked.
    let _rollback = store.run("ROLLBACK", &[]).await;
    migrated
}

async fn apply_missing<D: Database>(store: &Store<D>) -> Result<(), StoreError> {
    let create = "CREATE TABLE IF NOT EXISTS schema_migrations (
         version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT";
    store.run(create, &[]).await?;
    let mut turn = Turn::take(store).await?;
    // Again, now that nobody else can be at it.
    let applied = applied(store).await?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > applied) {
        let done = turn.statements_done(migration.version);
        for statement in statements(migration.sql).into_iter().skip(done) {
            run_once(store, statement).await?;
            turn.progressed(store, migration.version).await?;
        }
        let record = "INSERT INTO schema_migrations (version, name, applied_at)
             VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT (version) DO NOTHING";
        store
            .run(
                record,
                &[
                    Value::Integer(migration.version),
                    Value::Text(migration.name.to_owned()),
                ],
            )
            .await?;
    }
    turn.end(store).await
}

/// Runs a statement that may have run already, when whoever ran it could not say so any more. All but these are written so that
/// they are harmless the second time; SQLite has no `ALTER TABLE ... IF NOT EXISTS`.
async fn run_once<D: Database>(store: &Store<D>, statement: &str) -> Result<(), StoreError> {
    const ALREADY: [&str; 2] = ["duplicate column name", "no such column"];
    match store.run(statement, &[]).await {
        Err(StoreError::Failed(words))
            if statement.starts_with("ALTER TABLE")
                && ALREADY.iter().any(|already| words.contains(already)) =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}

/// Turns on the write-ahead log, with which readers do not wait for a writer. It stays in the file. Nothing depends on
/// it but speed: where it is not to be had now (others are in the file) or ever (a remote server has its own journal),
/// the next instance tries again.
async fn write_ahead<D: Database>(store: &Store<D>) -> Result<(), StoreError> {
    match store.first("PRAGMA journal_mode = WAL", &[]).await {
        Ok(_) | Err(StoreError::Busy | StoreError::Failed(_)) => Ok(()),
        Err(other) => Err(other),
    }
}
