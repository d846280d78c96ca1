//! Whose turn it is to migrate, and how far it got.

use crate::ports::{Database, Value};
use crate::store::{Store, StoreError};

/// The turn to migrate. It lapses a minute after its last sign of life; the next one goes on from where it was.
#[derive(Debug)]
pub(super) struct Turn {
    version: i64,
    statements: i64,
}

impl Turn {
    /// Takes the turn. While somebody else has it, that is [`StoreError::Busy`].
    pub(super) async fn take<D: Database>(store: &Store<D>) -> Result<Self, StoreError> {
        let create = "CREATE TABLE IF NOT EXISTS schema_migration_turn (
             id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), taken_until TEXT NOT NULL,
             version INTEGER NOT NULL, statements INTEGER NOT NULL) STRICT";
        store.run(create, &[]).await?;
        let take = "INSERT INTO schema_migration_turn (id, taken_until, version, statements)
             VALUES (1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+60 seconds'), 0, 0)
             ON CONFLICT (id) DO UPDATE SET taken_until = excluded.taken_until
             WHERE taken_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
             RETURNING version, statements";
        let mut row = store.first(take, &[]).await?.ok_or(StoreError::Busy)?;
        Ok(Self {
            version: row.integer()?,
            statements: row.integer()?,
        })
    }

    /// How many statements of the migration have run, in a turn before this one.
    pub(super) fn statements_done(&mut self, version: i64) -> usize {
        if self.version != version {
            (self.version, self.statements) = (version, 0);
        }
        usize::try_from(self.statements).unwrap_or_default()
    }

    /// One more statement has run.
    pub(super) async fn progressed<D: Database>(
        &mut self,
        store: &Store<D>,
        version: i64,
    ) -> Result<(), StoreError> {
        self.statements += 1;
        let statement = "UPDATE schema_migration_turn SET version = ?1, statements = ?2,
             taken_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+60 seconds')";
        let parameters = [Value::Integer(version), Value::Integer(self.statements)];
        store.run(statement, &parameters).await.map(drop)
    }

    /// Leaves the turn to the next.
    pub(super) async fn end<D: Database>(self, store: &Store<D>) -> Result<(), StoreError> {
        let statement = "UPDATE schema_migration_turn SET taken_until = ''";
        store.run(statement, &[]).await.map(drop)
    }
}
