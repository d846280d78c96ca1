//! An account as its owner sees, changes and ends it.

use serde::Serialize;

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

/// The address that is to become an account's, once it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingEmail {
    /// The address.
    pub email: String,
    /// When it was asked for (RFC 3339, UTC).
    pub created_at: String,
    /// Until when it can be shown (RFC 3339, UTC).
    pub expires_at: String,
}

/// The pending address of the user, if there is one. Whether it is somebody else's makes no difference.
pub async fn pending_email<D: Database>(
    store: &Store<D>,
    user: UserId,
    now: Timestamp,
) -> Result<Option<PendingEmail>, StoreError> {
    let statement = "SELECT email, created_at, expires_at FROM one_time_tokens
         WHERE user_id = ?1 AND purpose = 'change_email' AND expires_at > ?2";
    let parameters = [Value::Text(user.to_string()), Value::Text(rfc3339(now))];
    let row = store.first(statement, &parameters).await?;
    row.map(|mut row| {
        Ok(PendingEmail {
            email: row.text()?,
            created_at: row.text()?,
            expires_at: row.text()?,
        })
    })
    .transpose()
}

/// Takes back that the user wants another address. Nothing is taken back where nothing is pending.
pub async fn cancel_email_change<D: Database>(store: &Store<D>, user: UserId) -> Result<(), StoreError> {
    let statement = "DELETE FROM one_time_tokens WHERE user_id = ?1 AND purpose = 'change_email'";
    store
        .run(statement, &[Value::Text(user.to_string())])
        .await
        .map(drop)
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
