//! Notifications as administrators see them.

use serde::Serialize;

use super::super::administration::Act;
use super::super::{Columns, Store, StoreError};
use crate::domain::EventId;
use crate::ports::{Database, Value};

/// How far telling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its time.
    Pending,
    /// Somebody tries.
    Claimed,
    /// Told, or nothing to tell.
    Done,
    /// Given up.
    Dead,
}

impl State {
    /// Its name, in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Claimed, Self::Done, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A notification, without what it says.
#[derive(Clone, Debug, Serialize)]
pub struct Notification {
    /// Its id, which is the event's.
    pub id: EventId,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whom the event is about: a user's id.
    pub subject: String,
    /// How far it has come.
    pub state: State,
    /// How often it has been tried.
    pub attempts: i64,
    /// When it is tried again, where it waits for that.
    pub next_at: Option<String>,
    /// Why the latest try failed.
    pub last_error: Option<String>,
    /// When the event happened.
    pub created_at: String,
    /// When its state last changed.
    pub updated_at: String,
}

const COLUMNS: &str = "notifications.id, type, subject, state, attempts,
    CASE state WHEN 'pending' THEN next_at END, last_error, created_at, updated_at";
const FROM: &str = "FROM notifications JOIN outbox ON outbox.id = notifications.id";

fn notification(row: &mut Columns) -> Result<Notification, StoreError> {
    Ok(Notification {
        id: row.event_id()?,
        kind: row.text()?,
        subject: row.text()?,
        state: State::parse(&row.text()?).ok_or_else(|| StoreError::damaged("there is no such state"))?,
        attempts: row.integer()?,
        next_at: row.optional_text()?,
        last_error: row.optional_text()?,
        created_at: row.text()?,
        updated_at: row.text()?,
    })
}

/// At most `limit` notifications after the id `after`, in the order of their events; with `state`, only those in it.
pub async fn list<D: Database>(
    store: &Store<D>,
    state: Option<State>,
    after: Option<EventId>,
    limit: u32,
) -> Result<Vec<Notification>, StoreError> {
    // The state is one of four words of ours. As text in the statement it finds the index of the dead.
    let state = state.map_or_else(
        || "TRUE".to_owned(),
        |state| format!("state = '{}'", state.as_str()),
    );
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE {state} AND notifications.id > ?1 ORDER BY notifications.id LIMIT ?2"
    );
    let parameters = [
        Value::Text(after.map_or_else(String::new, |id| id.to_string())),
        Value::Integer(i64::from(limit)),
    ];
    store
        .run(&statement, &parameters)
        .await?
        .iter_mut()
        .map(notification)
        .collect()
}

/// The notification of this id.
pub async fn find<D: Database>(store: &Store<D>, id: EventId) -> Result<Option<Notification>, StoreError> {
    let statement = format!("SELECT {COLUMNS} {FROM} WHERE notifications.id = ?1");
    let row = store.first(&statement, &[Value::Text(id.to_string())]).await?;
    row.map(|mut row| notification(&mut row)).transpose()
}

/// Has one that was given up tried again, on behalf of an administrator.
pub async fn retry<D: Database>(store: &Store<D>, id: EventId, act: Act<'_>) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO notification_retries (notification_id, retried_by, retried_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(id)).await.map(drop)
}
