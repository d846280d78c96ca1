//! What people have booked, as far as they are told of it.

use super::{Store, StoreError};
use crate::bookings::{BookingEvent, ReminderOffsets};
use crate::domain::{EventId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// Takes an event: what it tells, under the id `notification`, and the reminders come with it. One that has been taken before, or
/// comes after a newer one of its booking, changes nothing.
pub async fn take<D: Database>(
    store: &Store<D>,
    event: &BookingEvent,
    notification: EventId,
    offsets: &ReminderOffsets,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO booking_changes (source, event_id, type, time, booking_id, user_id, departure_at, data,
             notification_id, reminder_offsets, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    // A clock that is ahead of ours does not make all that follows look late.
    let time = event.time.unwrap_or(now).min(now);
    let offsets: Vec<_> = offsets.seconds().collect();
    let parameters = [
        Value::Text(event.source.clone()),
        Value::Text(event.id.clone()),
        Value::Text(event.kind.clone()),
        Value::Text(rfc3339(time)),
        Value::Text(event.data.booking_id.clone()),
        Value::Text(event.data.user_id.to_string()),
        Value::Text(rfc3339(event.departure_at)),
        Value::Text(json(&event.data)?),
        Value::Text(notification.to_string()),
        Value::Text(json(&offsets)?),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

fn json(document: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|error| StoreError::Failed(error.to_string()))
}
