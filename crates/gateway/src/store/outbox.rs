//! Events that triggers have written and nobody may have heard of yet.

use super::{Columns, Store, StoreError};
use crate::domain::{UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The event's id, the same however often it is published.
    pub id: String,
    /// What happened, such as `com.jetway.user.registered.v1`.
    pub kind: String,
    /// The id of the user it happened to.
    pub subject: String,
    /// When (RFC 3339, UTC).
    pub time: String,
    /// The particulars: a JSON object.
    pub data: String,
}

/// What has happened to `subject` and has not been published, the oldest first.
pub async fn unpublished<D: Database>(
    store: &Store<D>,
    subject: UserId,
) -> Result<Vec<OutboxRow>, StoreError> {
    let statement = "SELECT id, type, subject, time, data FROM outbox
         WHERE subject = ?1 AND published_at IS NULL ORDER BY rowid LIMIT 100";
    store
        .run(statement, &[Value::Text(subject.to_string())])
        .await?
        .iter_mut()
        .map(outbox_row)
        .collect()
}

/// At most `limit` events from after `since` and before `until` that have not been published, the oldest first.
pub async fn waiting<D: Database>(
    store: &Store<D>,
    since: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    let statement = "SELECT id, type, subject, time, data FROM outbox
         WHERE published_at IS NULL AND time > ?1 AND time < ?2 ORDER BY time LIMIT ?3";
    let parameters = [
        Value::Text(rfc3339(since)),
        Value::Text(rfc3339(until)),
        Value::Integer(i64::from(limit)),
    ];
    store
        .run(statement, &parameters)
        .await?
        .iter_mut()
        .map(outbox_row)
        .collect()
}

pub(super) fn outbox_row(row: &mut Columns) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: row.text()?,
        kind: row.text()?,
        subject: row.text()?,
        time: row.text()?,
        data: row.text()?,
    })
}

/// Remembers that the event has been published.
pub async fn mark_published<D: Database>(
    store: &Store<D>,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "UPDATE outbox SET published_at = ?2 WHERE id = ?1 AND published_at IS NULL";
    store
        .run(
            statement,
            &[Value::Text(id.to_owned()), Value::Text(rfc3339(now))],
        )
        .await
        .map(drop)
}
