//! An account as its owner sees, changes and ends it.

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
