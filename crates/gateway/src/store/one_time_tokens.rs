//! Tokens out of mails, and what they are good for. Each function is one statement: of two requests with one token, the database lets
//! one through.

use super::{Store, StoreError, users};
use crate::domain::{EmailAddress, OneTimeTokenHash, OneTimeTokenId, PasswordHash, UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// A token that is about to be sent.
#[derive(Debug)]
pub struct NewToken {
    /// What it is derived from.
    pub id: OneTimeTokenId,
    /// What is stored of it.
    pub hash: OneTimeTokenHash,
    /// Now.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// What anybody may ask to have sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To show that one has the address of one's account.
    VerifyEmail,
    /// To set a password without knowing the old one.
    ResetPassword,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// Asks for a mail with this token to the address, and tells whose it is. Nothing is left behind where it is nobody's, where the
/// account is disabled, or where there is nothing to verify.
pub async fn request<D: Database>(
    store: &Store<D>,
    purpose: Purpose,
    email: &EmailAddress,
    token: &NewToken,
) -> Result<Option<UserId>, StoreError> {
    let statement = "INSERT INTO one_time_token_requests (id, hash, purpose, email, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let parameters = [
        Value::Text(token.id.to_string()),
        Value::Blob(token.hash.as_bytes().to_vec()),
        Value::Text(purpose.as_str().to_owned()),
        Value::Text(email.as_str().to_owned()),
        Value::Text(rfc3339(token.created_at)),
        Value::Text(rfc3339(token.expires_at)),
    ];
    store.run(statement, &parameters).await?;
    owner(store, &token.hash).await
}

/// Tells the owner of the address that somebody wanted to sign up with it, and who that owner is.
pub async fn claim_address<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    let statement = "INSERT INTO address_claims (email, claimed_at) VALUES (?1, ?2)";
    let parameters = [Value::Text(email.as_str().to_owned()), Value::Text(rfc3339(now))];
    store.run(statement, &parameters).await?;
    users::with_email(store, email).await
}

/// Whose token this is, whatever it is for.
pub async fn owner<D: Database>(
    store: &Store<D>,
    token: &OneTimeTokenHash,
) -> Result<Option<UserId>, StoreError> {
    let statement = "SELECT user_id FROM one_time_tokens WHERE hash = ?1";
    let row = store
        .first(statement, &[Value::Blob(token.as_bytes().to_vec())])
        .await?;
    row.map(|mut row| row.user_id()).transpose()
}

/// Whose address the token would change at this moment; nobody, where it would verify the one they have or be refused.
pub async fn changes_address_of<D: Database>(
    store: &Store<D>,
    token: &OneTimeTokenHash,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    let statement = "SELECT user_id FROM one_time_tokens JOIN users ON users.id = user_id
         WHERE hash = ?1 AND purpose = 'change_email' AND expires_at > ?2 AND disabled_at IS NULL
             AND NOT EXISTS (
                 SELECT 1 FROM users AS others WHERE others.email = one_time_tokens.email AND others.id <> user_id
                     AND others.email_verified_at IS NOT NULL
             )";
    let parameters = [Value::Blob(token.as_bytes().to_vec()), Value::Text(rfc3339(now))];
    let row = store.first(statement, &parameters).await?;
    row.map(|mut row| row.user_id()).transpose()
}

/// Whose account the token's address would be taken from: that of somebody who has never shown to have it.
pub async fn takes_address_from<D: Database>(
    store: &Store<D>,
    token: &OneTimeTokenHash,
) -> Result<Option<UserId>, StoreError> {
    let statement = "SELECT others.id FROM one_time_tokens JOIN users AS others
             ON others.email = one_time_tokens.email AND others.id <> user_id
         WHERE hash = ?1 AND purpose = 'change_email' AND others.email_verified_at IS NULL";
    let row = store
        .first(statement, &[Value::Blob(token.as_bytes().to_vec())])
        .await?;
    row.map(|mut row| row.user_id()).transpose()
}

/// Uses the token up: its address is verified, and becomes the account's where it is to. Where that is the first proof of the address,
/// and it is not the account's own `prover` who gives it, what was set up before ends; `reset` is the token of the mail in which a
/// password is chosen then.
pub async fn verify_email<D: Database>(
    store: &Store<D>,
    token: &OneTimeTokenHash,
    prover: Option<UserId>,
    reset: &NewToken,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO email_verifications (hash, verified_at, prover, reset_id, reset_hash, reset_expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let parameters = [
        Value::Blob(token.as_bytes().to_vec()),
        Value::Text(rfc3339(reset.created_at)),
        prover.map_or(Value::Null, |prover| Value::Text(prover.to_string())),
        Value::Text(reset.id.to_string()),
        Value::Blob(reset.hash.as_bytes().to_vec()),
        Value::Text(rfc3339(reset.expires_at)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// Uses the token up: its owner has a new password and a verified address, and no session any more.
pub async fn reset_password<D: Database>(
    store: &Store<D>,
    token: &OneTimeTokenHash,
    new: &PasswordHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO password_resets (hash, new_hash, reset_at) VALUES (?1, ?2, ?3)";
    let parameters = [
        Value::Blob(token.as_bytes().to_vec()),
        Value::Text(new.as_str().to_owned()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}
