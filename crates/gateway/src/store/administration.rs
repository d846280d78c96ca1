//! What administrators do to users. Each statement is the act and its entry in the audit log.

use super::{Store, StoreError, origin};
use crate::domain::{Origin, SessionId, UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// Who acts, when, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The administrator.
    pub actor: UserId,
    /// Now.
    pub at: Timestamp,
    /// Where the request came from.
    pub origin: &'a Origin,
}

impl Act<'_> {
    /// The parameters of an act upon `object`: that, the actor, the time, the address and the request's id.
    pub(super) fn upon(&self, object: impl Into<String>) -> [Value; 5] {
        let [address, request] = origin(self.origin);
        [
            Value::Text(object.into()),
            Value::Text(self.actor.to_string()),
            Value::Text(rfc3339(self.at)),
            address,
            request,
        ]
    }
}

/// Lets nobody sign in as `user`, and ends all their sessions. Doing it again changes nothing; the last administrator who is not
/// disabled stays so.
pub async fn disable<D: Database>(store: &Store<D>, user: UserId, act: Act<'_>) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO user_disablements (user_id, disabled_by, disabled_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(user)).await.map(drop)
}

/// Lets `user` sign in again. Doing it again changes nothing.
pub async fn enable<D: Database>(store: &Store<D>, user: UserId, act: Act<'_>) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO user_enablements (user_id, enabled_by, enabled_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(user)).await.map(drop)
}

/// Deletes `user` and everything that is theirs. The last administrator who is not disabled stays.
pub async fn remove<D: Database>(store: &Store<D>, user: UserId, act: Act<'_>) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO account_removals (user_id, removed_by, removed_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(user)).await.map(drop)
}

/// Takes the second factor and the recovery codes from `user`. Doing it again changes nothing.
pub async fn take_second_factor<D: Database>(
    store: &Store<D>,
    user: UserId,
    act: Act<'_>,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO second_factor_takings (user_id, taken_by, taken_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(user)).await.map(drop)
}

/// Ends the open session `only` of `user`, or all of them.
pub async fn end_sessions<D: Database>(
    store: &Store<D>,
    user: UserId,
    only: Option<SessionId>,
    act: Act<'_>,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO session_terminations (user_id, ended_by, ended_at, client_address, request_id, session_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let [user, actor, at, address, request] = act.upon(user);
    let session = only.map_or(Value::Null, |id| Value::Text(id.to_string()));
    store
        .run(statement, &[user, actor, at, address, request, session])
        .await
        .map(drop)
}

/// Whether `user` is the only administrator who can sign in.
pub async fn is_last_admin<D: Database>(store: &Store<D>, user: UserId) -> Result<bool, StoreError> {
    let statement =
        "SELECT count(*), coalesce(sum(user_id = ?1), 0) FROM user_roles JOIN users ON users.id = user_id
         WHERE role = 'admin' AND disabled_at IS NULL";
    let row = store.first(statement, &[Value::Text(user.to_string())]).await?;
    let mut row = row.ok_or_else(|| StoreError::damaged("a count is not there"))?;
    Ok((row.integer()?, row.integer()?) == (1, 1))
}
