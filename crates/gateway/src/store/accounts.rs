//! An account as its owner sees, changes and ends it.

use serde_json::value::RawValue;

use super::one_time_tokens::NewToken;
use super::users::{self, USER_COLUMNS};
use super::{Store, StoreError};
use crate::domain::{EmailAddress, PasswordHash, User, UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// The user, and whether their address is verified.
pub async fn find<D: Database>(store: &Store<D>, id: UserId) -> Result<Option<(User, bool)>, StoreError> {
    let statement = format!("SELECT email_verified_at IS NOT NULL, {USER_COLUMNS} FROM users WHERE id = ?1");
    let row = store.first(&statement, &[Value::Text(id.to_string())]).await?;
    row.map(|mut row| {
        let is_verified = row.integer()? != 0;
        Ok((row.user()?, is_verified))
    })
    .transpose()
}

/// Asks for a mail with this token to the address that is to become the user's, unless it is somebody else's, who is told instead and
/// whose id this gives. Refused where `verified` is no longer what their password is checked against.
pub async fn request_email_change<D: Database>(
    store: &Store<D>,
    user: UserId,
    verified: &PasswordHash,
    email: &EmailAddress,
    token: &NewToken,
) -> Result<Option<UserId>, StoreError> {
    let statement = "INSERT INTO email_change_requests
         (user_id, password_hash, token_id, token_hash, email, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(verified.as_str().to_owned()),
        Value::Text(token.id.to_string()),
        Value::Blob(token.hash.as_bytes().to_vec()),
        Value::Text(email.as_str().to_owned()),
        Value::Text(rfc3339(token.created_at)),
        Value::Text(rfc3339(token.expires_at)),
    ];
    store.run(statement, &parameters).await?;
    let owner = users::with_email(store, email).await?;
    Ok(owner.filter(|owner| *owner != user))
}

/// Deletes the user and everything that is theirs. Refused where `verified` is no longer what their password is checked against, and to
/// the last administrator.
pub async fn delete<D: Database>(
    store: &Store<D>,
    user: UserId,
    verified: &PasswordHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO account_deletions (user_id, password_hash, deleted_at) VALUES (?1, ?2, ?3)";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(verified.as_str().to_owned()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// Everything that is held about the user, as of one moment, but for hashes: a JSON object. Of others it names none: who else had a
/// part in an act is no business of theirs. (What a subquery gives is a text again, unless `json` says that it is JSON.)
const EXPORT: &str = "SELECT json_object(
    'account', json_object(
        'id', id, 'email', email, 'email_verified_at', email_verified_at, 'disabled_at', disabled_at,
        'created_at', created_at, 'updated_at', updated_at
    ),
    'roles', json((
        SELECT json_group_array(json_object('role', role, 'granted_at', granted_at))
        FROM (SELECT role, granted_at FROM user_roles WHERE user_id = ?1 ORDER BY role)
    )),
    'sessions', json((
        SELECT json_group_array(json_object(
            'id', id, 'client_address', client_address, 'user_agent', user_agent, 'created_at', created_at,
            'last_used_at', last_used_at, 'expires_at', expires_at, 'ended_at', ended_at, 'end_reason', end_reason
        )) FROM (SELECT * FROM sessions WHERE user_id = ?1 ORDER BY id)
    )),
    'pending_tokens', json((
        SELECT json_group_array(json_object(
            'purpose', purpose, 'email', email, 'created_at', created_at, 'expires_at', expires_at
        )) FROM (SELECT * FROM one_time_tokens WHERE user_id = ?1 ORDER BY id)
    )),
    'notification_preferences', json((
        SELECT json_group_array(json_object(
            'category', category, 'wanted', json(iif(wanted, 'true', 'false')), 'changed_at', changed_at
        )) FROM (SELECT * FROM notification_preferences WHERE user_id = ?1 ORDER BY category)
    )),
    'audit', json((
        SELECT json_group_array(json_object(
            'time', time, 'action', action, 'by_you', json(iif(actor IS ?1, 'true', 'false')),
            'about_you', json(iif(target IS ?1, 'true', 'false')), 'detail', json(detail),
            'client_address',
            (SELECT a.client_address FROM audit_addresses AS a WHERE a.entry = entries.id AND a.actor IS ?1)
        )) FROM (SELECT * FROM audit_log WHERE actor = ?1 OR target = ?1 ORDER BY id) AS entries
    )),
    'events', json((
        SELECT json_group_array(json_object('id', id, 'type', type, 'time', time, 'data', json(data)))
        FROM (SELECT * FROM outbox WHERE subject = ?1 ORDER BY rowid)
    ))
) FROM users WHERE id = ?1";

/// What [`EXPORT`] says of the user, if they are there.
pub async fn export<D: Database>(
    store: &Store<D>,
    user: UserId,
) -> Result<Option<Box<RawValue>>, StoreError> {
    let row = store.first(EXPORT, &[Value::Text(user.to_string())]).await?;
    row.map(|mut row| RawValue::from_string(row.text()?).map_err(StoreError::damaged))
        .transpose()
}
