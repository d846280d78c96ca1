//! Reminders: what is to be told before a departure.

use super::{Store, StoreError};
use crate::domain::rfc3339;
use crate::ports::{Database, Timestamp, Value};

/// Drops what nobody needs to be told any more: reminders of flights that have left, and those that the next one of the same
/// booking has caught up with.
pub async fn drop_outdated<D: Database>(store: &Store<D>, now: Timestamp) -> Result<(), StoreError> {
    let now = [Value::Text(rfc3339(now))];
    let waiting = "DELETE FROM reminders WHERE due_at <= ?1 AND (
             EXISTS (SELECT 1 FROM bookings WHERE bookings.id = booking_id AND departure_at <= ?1)
             OR EXISTS (SELECT 1 FROM reminders AS next WHERE next.booking_id = reminders.booking_id
                 AND next.due_at > reminders.due_at AND next.due_at <= ?1)
         )";
    store.run(waiting, &now).await?;
    let on_their_way = "UPDATE notifications SET state = 'dead', updated_at = ?1,
             last_error = coalesce(last_error || '; then the flight left', 'the flight has left')
         WHERE state = 'pending' AND next_at <= ?1 AND EXISTS (
             SELECT 1 FROM outbox JOIN bookings ON bookings.id = json_extract(outbox.data, '$.booking_id')
             WHERE outbox.id = notifications.id AND type = 'com.jetway.booking.reminder.v1' AND departure_at <= ?1
         )";
    store.run(on_their_way, &now).await.map(drop)
}

/// Makes events of at most `limit` reminders whose time has come, those that have waited longest first. Tells how many they were.
/// Of two who do this at once, each reminder has one.
pub async fn make_events<D: Database>(
    store: &Store<D>,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let statement = "INSERT INTO outbox (type, subject, time, data)
         SELECT 'com.jetway.booking.reminder.v1', user_id, due_at, data
         FROM reminders JOIN bookings ON bookings.id = booking_id
         WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2
         RETURNING id";
    let parameters = [Value::Text(rfc3339(now)), Value::Integer(i64::from(limit))];
    Ok(store.run(statement, &parameters).await?.len() as u64)
}
