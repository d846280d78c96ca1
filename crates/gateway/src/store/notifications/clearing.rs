//! Clearing away what is long over.

use std::time::Duration;

use super::super::{Store, StoreError};
use crate::domain::rfc3339;
use crate::ports::{Database, Timestamp, Value};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long events that have been told, and bookings whose flight has left, are kept.
const KEEP: Duration = Duration::from_secs(30 * DAY.as_secs());
/// For how long what could not be told is kept, for an administrator to try again.
const KEEP_DEAD: Duration = Duration::from_secs(90 * DAY.as_secs());
/// As many rows go at once: whoever deletes keeps other writers waiting.
const AT_ONCE: i64 = 500;

/// Clears away some of what is long over. Nothing that is still to be told is among it.
pub async fn clear_away<D: Database>(store: &Store<D>, now: Timestamp) -> Result<(), StoreError> {
    let (keep, keep_dead) = (rfc3339(now.before(KEEP)), rfc3339(now.before(KEEP_DEAD)));
    let events = "DELETE FROM outbox WHERE id IN (
             SELECT outbox.id FROM outbox LEFT JOIN notifications ON notifications.id = outbox.id
             WHERE time < ?1 AND (state IS NULL OR state = 'done' OR (state = 'dead' AND time < ?2)) LIMIT ?3
         )";
    let limit = Value::Integer(AT_ONCE);
    let parameters = [Value::Text(keep.clone()), Value::Text(keep_dead), limit.clone()];
    store.run(events, &parameters).await?;
    let bookings =
        "DELETE FROM bookings WHERE id IN (SELECT id FROM bookings WHERE departure_at < ?1 LIMIT ?2)";
    store.run(bookings, &[Value::Text(keep), limit]).await.map(drop)
}
