//! The inbox: mail that went to nobody's provider.

use serde::Serialize;

use super::{Columns, Store, StoreError};
use crate::domain::{EmailAddress, rfc3339};
use crate::mail::Message;
use crate::ports::{Database, Timestamp, Value};

/// The newest so many are shown.
const SHOWN: i64 = 100;

/// A message that was put there.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// Its id.
    pub id: String,
    /// Whom it is for.
    pub to: EmailAddress,
    /// The type of the event that it tells of.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its subject.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
    /// When it came.
    pub created_at: String,
}

/// Puts a message there. Of two with the same idempotency key, the first stays.
pub async fn put<D: Database>(store: &Store<D>, message: &Message, now: Timestamp) -> Result<(), StoreError> {
    let statement = "INSERT INTO inbox (id, recipient, type, subject, text, html, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";
    let parameters = [
        Value::Text(message.idempotency_key.clone()),
        Value::Text(message.to.as_str().to_owned()),
        Value::Text(message.kind.clone()),
        Value::Text(message.subject.clone()),
        Value::Text(message.text.clone()),
        Value::Text(message.html.clone()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// What came for an address, the newest first.
pub async fn messages_to<D: Database>(
    store: &Store<D>,
    to: &EmailAddress,
) -> Result<Vec<Received>, StoreError> {
    let statement = "SELECT id, recipient, type, subject, text, html, created_at FROM inbox
         WHERE recipient = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2";
    let parameters = [Value::Text(to.as_str().to_owned()), Value::Integer(SHOWN)];
    store
        .run(statement, &parameters)
        .await?
        .iter_mut()
        .map(received)
        .collect()
}

fn received(row: &mut Columns) -> Result<Received, StoreError> {
    Ok(Received {
        id: row.text()?,
        to: EmailAddress::parse(&row.text()?).map_err(StoreError::damaged)?,
        kind: row.text()?,
        subject: row.text()?,
        text: row.text()?,
        html: row.text()?,
        created_at: row.text()?,
    })
}
