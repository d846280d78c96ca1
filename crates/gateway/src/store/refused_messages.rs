//! Messages that nobody here understood.

use serde::Serialize;

use super::{Store, StoreError};
use crate::domain::rfc3339;
use crate::ports::{Database, Timestamp, Value};

/// As much of a message as is kept.
const KEPT_CHARS: usize = 2000;
/// The newest so many are shown.
const SHOWN: i64 = 100;

/// A message that was not understood.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedMessage {
    /// When it came.
    pub received_at: String,
    /// What was wrong with it.
    pub reason: String,
    /// Its beginning.
    pub payload: String,
}

/// Keeps a message, as far as it is text.
pub async fn keep<D: Database>(
    store: &Store<D>,
    payload: &[u8],
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO refused_messages (received_at, reason, payload) VALUES (?1, ?2, ?3)";
    let beginning = |text: &str| Value::Text(text.chars().take(KEPT_CHARS).collect());
    // No character has more than four bytes: what lies beyond is not looked at, however long it is.
    let payload = &payload[..payload.len().min(4 * KEPT_CHARS)];
    let parameters = [
        Value::Text(rfc3339(now)),
        beginning(reason),
        // A text of SQLite ends at a NUL for many who read it.
        beginning(&String::from_utf8_lossy(payload).replace('\0', "\u{fffd}")),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// The newest ones, the newest first.
pub async fn newest<D: Database>(store: &Store<D>) -> Result<Vec<RefusedMessage>, StoreError> {
    let statement = "SELECT received_at, reason, payload FROM refused_messages ORDER BY id DESC LIMIT ?1";
    store
        .run(statement, &[Value::Integer(SHOWN)])
        .await?
        .iter_mut()
        .map(|row| {
            Ok(RefusedMessage {
                received_at: row.text()?,
                reason: row.text()?,
                payload: row.text()?,
            })
        })
        .collect()
}
