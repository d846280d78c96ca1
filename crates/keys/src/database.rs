//! The two things that are done to the database.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

/// The gateway's database.
pub(crate) struct Database(Connection);

/// A key, without its private half.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kind: String,
    pub(crate) kid: String,
    pub(crate) since: String,
    pub(crate) state: String,
}

/// docs/keys.md has the same statements, for a libSQL server. One for each table; the second time they change nothing.
const ASK: &str = "
    UPDATE signing_keys SET due_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE due_at IS NULL;
    UPDATE assertion_keys SET due_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE due_at IS NULL;
";

const LIST: &str = "
    SELECT 'token' AS kind, kid, created_at AS since, CASE
        WHEN published_at IS NULL THEN 'not published yet'
        WHEN due_at IS NOT NULL THEN 'to be replaced'
        ELSE 'published since ' || published_at
    END FROM signing_keys
    UNION ALL SELECT 'token', kid, '-', 'signs no more, published until ' || unpublish_at FROM retired_signing_keys
    UNION ALL SELECT 'assertion', kid, created_at, CASE
        WHEN published_at IS NULL THEN 'not published yet'
        WHEN due_at IS NOT NULL THEN 'to be replaced'
        ELSE 'published since ' || published_at
    END FROM assertion_keys
    UNION ALL SELECT 'assertion', kid, '-', 'signs no more, published until ' || unpublish_at FROM retired_assertion_keys
    ORDER BY kind DESC, since DESC, kid";

impl Database {
    /// Opens the file, which must be there: a typing error makes no database.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .with_context(|| format!("there is no database {}", file.display()))?;
        // A gateway may be writing.
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(Self(connection))
    }

    /// Notes that all keys are due for a successor.
    pub(crate) fn ask_for_successors(&self) -> Result<()> {
        self.0.execute_batch(ASK).context(TOO_OLD)
    }

    /// All keys.
    pub(crate) fn keys(&self) -> Result<Vec<Key>> {
        let mut statement = self.0.prepare(LIST).context(TOO_OLD)?;
        let keys = statement.query_map([], |row| {
            Ok(Key {
                kind: row.get(0)?,
                kid: row.get(1)?,
                since: row.get(2)?,
                state: row.get(3)?,
            })
        })?;
        keys.collect::<Result<_, _>>().context("reading the keys")
    }
}

const TOO_OLD: &str =
    "the database is none of a gateway's, or of one that does not rotate keys yet: start the new one first";

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATIONS: [&str; 3] = [
        include_str!("../../../migrations/0001_identity.sql"),
        include_str!("../../../migrations/0002_assertion_keys.sql"),
        include_str!("../../../migrations/0005_key_rotation.sql"),
    ];

    #[test]
    fn keys_are_listed_and_asked_to_be_replaced_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let database = Database::open(file.path()).unwrap();
        assert!(database.ask_for_successors().is_err());
        assert!(database.keys().is_err());

        MIGRATIONS
            .iter()
            .for_each(|sql| database.0.execute_batch(sql).unwrap());
        let rows = "
            INSERT INTO signing_keys (kid, private_key, created_at) VALUES ('a', zeroblob(32), '2026-01-01');
            INSERT INTO assertion_keys (kid, private_key, created_at, published_at)
                VALUES ('b', zeroblob(32), '2026-01-02', '2026-01-02');
            INSERT INTO retired_signing_keys VALUES ('c', zeroblob(32), '2026-01-03');";
        database.0.execute_batch(rows).unwrap();
        let states = |database: &Database| -> Vec<_> {
            let keys = database.keys().unwrap();
            keys.into_iter().map(|key| (key.kid, key.state)).collect()
        };
        let expected = |a: &str, b: &str| {
            let c = "signs no more, published until 2026-01-03";
            [("a", a), ("c", c), ("b", b)].map(|(kid, state)| (kid.to_owned(), state.to_owned()))
        };
        assert_eq!(
            states(&database),
            expected("not published yet", "published since 2026-01-02")
        );

        database.ask_for_successors().unwrap();
        assert_eq!(states(&database), expected("not published yet", "to be replaced"));
        let due = |database: &Database| -> String {
            database
                .0
                .query_row("SELECT due_at FROM signing_keys", [], |row| row.get(0))
                .unwrap()
        };
        let first = due(&database);
        database.ask_for_successors().unwrap();
        assert_eq!(due(&database), first);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sqlite_db.db");
        assert!(Database::open(&file).is_err());
        assert!(!file.exists());
    }
}
