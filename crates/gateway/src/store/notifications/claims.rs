//! Claiming notifications, and saying how it went.

use super::super::outbox::{OutboxRow, outbox_row};
use super::super::{Columns, Store, StoreError};
use crate::domain::{EventId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// Under which a claimer has its rows, and for how long.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What tells it from every other.
    pub token: String,
    /// Now.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// By when what is claimed for the first time is given up.
    pub deadline: Timestamp,
}

/// How much of what is due is claimed.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// This one, if it is.
    One(EventId),
    /// As many at the most, those that have waited longest first.
    Batch(u32),
}

/// A notification that is ours until the lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id, which is the event's.
    pub id: EventId,
    /// The event.
    pub event: OutboxRow,
    /// Where the event's subject is reached: the address that the event names, else that of the account. `None` where there is
    /// neither.
    pub email: Option<String>,
    /// The number of this try, from 1.
    pub attempt: u32,
    /// When it is given up (RFC 3339).
    pub deadline: String,
}

/// Due is what waits no longer, and what somebody has claimed who has not been heard of again.
const DUE: &str =
    "((state = 'pending' AND next_at <= ?2) OR (state = 'claimed' AND lease_until <= ?2 AND attempts < ?5))";

/// Claims what is due. Of two who claim at the same moment, each row goes to one.
pub async fn claim<D: Database>(
    store: &Store<D>,
    extent: Extent,
    lease: &Lease,
    max_attempts: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let (which, parameter) = match extent {
        Extent::One(id) => (format!("id = ?6 AND {DUE}"), Value::Text(id.to_string())),
        Extent::Batch(limit) => (
            format!("id IN (SELECT id FROM notifications WHERE {DUE} ORDER BY next_at LIMIT ?6)"),
            Value::Integer(i64::from(limit)),
        ),
    };
    let event = |column: &str| format!("(SELECT {column} FROM outbox WHERE outbox.id = notifications.id)");
    let statement = format!(
        "UPDATE notifications SET state = 'claimed', lease = ?1, lease_until = ?3, updated_at = ?2,
             attempts = attempts + 1, deadline = coalesce(deadline, ?4)
         WHERE {which}
         RETURNING id, attempts, deadline, {address}, id, {kind}, {subject}, {time}, {data}",
        address = event(
            "CASE json_type(data, '$.email') WHEN 'text' THEN json_extract(data, '$.email')
                 ELSE (SELECT email FROM users WHERE users.id = subject) END"
        ),
        kind = event("type"),
        subject = event("subject"),
        time = event("time"),
        data = event("data"),
    );
    let parameters = [
        Value::Text(lease.token.clone()),
        Value::Text(rfc3339(lease.from)),
        Value::Text(rfc3339(lease.until)),
        Value::Text(rfc3339(lease.deadline)),
        Value::Integer(i64::from(max_attempts)),
        parameter,
    ];
    store
        .run(&statement, &parameters)
        .await?
        .iter_mut()
        .map(claimed)
        .collect()
}

fn claimed(row: &mut Columns) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        id: row.event_id()?,
        attempt: u32::try_from(row.integer()?).map_err(StoreError::damaged)?,
        deadline: row.text()?,
        email: row.optional_text()?,
        event: outbox_row(row)?,
    })
}

/// Gives up what nobody has been heard of again who made the last try. Tells how many they were.
pub async fn retire_exhausted<D: Database>(
    store: &Store<D>,
    max_attempts: u32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let statement =
        "UPDATE notifications SET state = 'dead', lease = NULL, lease_until = NULL, updated_at = ?1,
             last_error = coalesce(last_error, 'the process ended in every try')
         WHERE state = 'claimed' AND lease_until <= ?1 AND attempts >= ?2 RETURNING id";
    let parameters = [Value::Text(rfc3339(now)), Value::Integer(i64::from(max_attempts))];
    Ok(store.run(statement, &parameters).await?.len() as u64)
}

/// Ends a claim well. Whether it was still ours.
pub async fn mark_done<D: Database>(
    store: &Store<D>,
    id: EventId,
    lease: &Lease,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let statement =
        "UPDATE notifications SET state = 'done', lease = NULL, lease_until = NULL, last_error = NULL,
             updated_at = ?3
         WHERE id = ?1 AND lease = ?2 RETURNING id";
    end(store, statement, id, lease, now, []).await
}

/// Ends a claim for now: it is tried again at `next`. Whether it was still ours.
pub async fn put_off<D: Database>(
    store: &Store<D>,
    id: EventId,
    lease: &Lease,
    now: Timestamp,
    (next, reason): (Timestamp, &str),
) -> Result<bool, StoreError> {
    let statement =
        "UPDATE notifications SET state = 'pending', lease = NULL, lease_until = NULL, updated_at = ?3,
             last_error = ?4, next_at = ?5
         WHERE id = ?1 AND lease = ?2 RETURNING id";
    let parameters = [Value::Text(reason.to_owned()), Value::Text(rfc3339(next))];
    end(store, statement, id, lease, now, parameters).await
}

/// Ends a claim for good: nobody is told. Whether it was still ours.
pub async fn give_up<D: Database>(
    store: &Store<D>,
    id: EventId,
    lease: &Lease,
    now: Timestamp,
    reason: &str,
) -> Result<bool, StoreError> {
    let statement =
        "UPDATE notifications SET state = 'dead', lease = NULL, lease_until = NULL, updated_at = ?3,
             last_error = ?4
         WHERE id = ?1 AND lease = ?2 RETURNING id";
    end(store, statement, id, lease, now, [Value::Text(reason.to_owned())]).await
}

async fn end<D: Database, const N: usize>(
    store: &Store<D>,
    statement: &str,
    id: EventId,
    lease: &Lease,
    now: Timestamp,
    further: [Value; N],
) -> Result<bool, StoreError> {
    let mut parameters = vec![
        Value::Text(id.to_string()),
        Value::Text(lease.token.clone()),
        Value::Text(rfc3339(now)),
    ];
    parameters.extend(further);
    Ok(store.first(statement, &parameters).await?.is_some())
}
