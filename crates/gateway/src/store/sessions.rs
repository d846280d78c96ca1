//! Sessions and their refresh tokens.

use serde::Serialize;

use super::second_factor::Proof;
use super::{Columns, Store, StoreError};
use crate::domain::{
    Authentication, PasswordHash, RefreshTokenHash, SessionId, UserId, parse_rfc3339, rfc3339,
};
use crate::ports::{Database, Timestamp, Value};

/// A session that is about to start.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What the password was checked against. If it is no longer the user's, the session does not start.
    pub verified: &'a PasswordHash,
    /// What proves that the second factor is there. Whoever has one does not start a session without it.
    pub second_factor: Option<&'a Proof>,
    /// What is stored of its first refresh token.
    pub refresh_token: &'a RefreshTokenHash,
    /// Where the client was, for the user to recognise.
    pub client_address: Option<&'a str>,
    /// What the client called itself, for the user to recognise.
    pub user_agent: Option<&'a str>,
    /// Now.
    pub started_at: Timestamp,
    /// When the first refresh token expires.
    pub expires_at: Timestamp,
    /// The end that no refresh moves.
    pub ends_at: Timestamp,
    /// Whether the user has signed in on this device before. If not, they are to hear of it.
    pub known_device: bool,
    /// Whether the address must have been verified. If it has not been, the session does not start.
    pub require_verified: bool,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When it started (RFC 3339, UTC).
    pub created_at: String,
    /// When it was last refreshed (RFC 3339, UTC).
    pub last_used_at: String,
    /// When it ends unless it is refreshed before (RFC 3339, UTC).
    pub expires_at: String,
    /// Where the client was.
    pub client_address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
}

/// Which of a user's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Only(SessionId),
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}

impl Which {
    /// As a condition on `id`, with the parameter ?2.
    fn condition(self) -> (&'static str, Value) {
        match self {
            Self::Only(id) => ("id = ?2", Value::Text(id.to_string())),
            Self::AllBut(id) => ("id <> ?2", Value::Text(id.to_string())),
            Self::All => ("?2 IS NULL", Value::Null),
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner ended it.
    SignedOut,
    /// A refresh token of it was used twice.
    TokenReplayed,
}

impl EndReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::TokenReplayed => "token_replayed",
        }
    }
}

/// Starts a session, with its first refresh token.
pub async fn start<D: Database>(store: &Store<D>, session: &NewSession<'_>) -> Result<(), StoreError> {
    let statement = "INSERT INTO session_starts
         (session_id, user_id, password_hash, refresh_hash, client_address, user_agent, started_at, expires_at, ends_at,
             known_device, require_verified, otp_secret, otp_step, recovery_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let optional = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let nothing = || [Value::Null, Value::Null, Value::Null];
    let [otp_secret, otp_step, recovery_hash] = session.second_factor.map_or_else(nothing, Proof::values);
    let parameters = [
        Value::Text(session.id.to_string()),
        Value::Text(session.user.to_string()),
        Value::Text(session.verified.as_str().to_owned()),
        Value::Blob(session.refresh_token.as_bytes().to_vec()),
        optional(session.client_address),
        optional(session.user_agent),
        Value::Text(rfc3339(session.started_at)),
        Value::Text(rfc3339(session.expires_at)),
        Value::Text(rfc3339(session.ends_at)),
        Value::Integer(session.known_device.into()),
        Value::Integer(session.require_verified.into()),
        otp_secret,
        otp_step,
        recovery_hash,
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// A refresh token that is to be traded.
#[derive(Debug)]
pub struct Rotation<'a> {
    /// The token.
    pub token: &'a RefreshTokenHash,
    /// What it is traded for; the same every time.
    pub successor: &'a RefreshTokenHash,
    /// Now.
    pub now: Timestamp,
    /// If the successor was used before this moment, the token has been stolen.
    pub grace_since: Timestamp,
    /// When the successor expires, if the session does not end before.
    pub expires_at: Timestamp,
}

/// What came of a rotation that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The successor is good.
    Traded,
    /// The token's successor had been used, and the session has been ended for it.
    Replayed,
    /// Somebody has ended the session since.
    Ended,
}

/// Trades a refresh token of `session` for its successor, or ends the session where the token has been stolen.
pub async fn rotate<D: Database>(
    store: &Store<D>,
    session: SessionId,
    rotation: &Rotation<'_>,
) -> Result<Rotated, StoreError> {
    let statement = "INSERT INTO refresh_rotations (hash, successor, rotated_at, grace_since, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    let parameters = [
        Value::Blob(rotation.token.as_bytes().to_vec()),
        Value::Blob(rotation.successor.as_bytes().to_vec()),
        Value::Text(rfc3339(rotation.now)),
        Value::Text(rfc3339(rotation.grace_since)),
        Value::Text(rfc3339(rotation.expires_at)),
    ];
    store.run(statement, &parameters).await?;
    // An end is final, and so is its reason: it does not matter who reads it when.
    let outcome = "SELECT end_reason FROM sessions WHERE id = ?1";
    let row = store.first(outcome, &[Value::Text(session.to_string())]).await?;
    let reason = row.map(|mut row| row.optional_text()).transpose()?;
    Ok(match reason {
        Some(None) => Rotated::Traded,
        Some(Some(reason)) if reason == EndReason::TokenReplayed.as_str() => Rotated::Replayed,
        _ => Rotated::Ended,
    })
}

/// Whose a refresh token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The session that it belongs to, and how it began.
    pub authentication: Authentication,
    /// The session's user.
    pub user: UserId,
    /// Whether the session and the account are open and the token's successor was used before the grace: trading it again will end the
    /// session.
    pub is_replay: bool,
}

/// Whose session a refresh token belongs to, whether it was traded or not; nothing where there is none that is open.
pub async fn open_of_refresh_token<D: Database>(
    store: &Store<D>,
    token: &RefreshTokenHash,
) -> Result<Option<(UserId, SessionId)>, StoreError> {
    let statement =
        "SELECT user_id, sessions.id FROM refresh_tokens JOIN sessions ON sessions.id = session_id
         WHERE refresh_tokens.hash = ?1 AND ended_at IS NULL";
    let row = store
        .first(statement, &[Value::Blob(token.as_bytes().to_vec())])
        .await?;
    row.map(|mut row| Ok((row.user_id()?, row.session_id()?)))
        .transpose()
}

/// Whose a refresh token is, if it was ever anybody's.
pub async fn of_refresh_token<D: Database>(
    store: &Store<D>,
    token: &RefreshTokenHash,
    successor: &RefreshTokenHash,
    grace_since: Timestamp,
) -> Result<Option<Owner>, StoreError> {
    let statement = "SELECT sessions.id, user_id, ended_at IS NULL AND disabled_at IS NULL AND coalesce(
                 (SELECT rotated_at FROM refresh_tokens WHERE hash = ?3) < ?2, 0
             ),
             amr, sessions.created_at
         FROM refresh_tokens JOIN sessions ON sessions.id = session_id JOIN users ON users.id = user_id
         WHERE refresh_tokens.hash = ?1";
    let parameters = [
        Value::Blob(token.as_bytes().to_vec()),
        Value::Text(rfc3339(grace_since)),
        Value::Blob(successor.as_bytes().to_vec()),
    ];
    let row = store.first(statement, &parameters).await?;
    row.map(|mut row| {
        let (session, user) = (row.session_id()?, row.user_id()?);
        let is_replay = row.integer()? != 0;
        let methods = serde_json::from_str(&row.text()?).map_err(StoreError::damaged)?;
        let at = parse_rfc3339(&row.text()?);
        Ok(Owner {
            authentication: Authentication {
                session,
                methods,
                at: at.ok_or_else(|| StoreError::damaged("a session began at no time"))?,
            },
            user,
            is_replay,
        })
    })
    .transpose()
}

/// The user's sessions that are still open, the latest first.
pub async fn list<D: Database>(
    store: &Store<D>,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let statement =
        "SELECT id, created_at, last_used_at, expires_at, client_address, user_agent FROM sessions
         WHERE user_id = ?1 AND ended_at IS NULL AND expires_at > ?2 ORDER BY id DESC";
    let parameters = [Value::Text(user.to_string()), Value::Text(rfc3339(now))];
    store
        .run(statement, &parameters)
        .await?
        .iter_mut()
        .map(session)
        .collect()
}

fn session(row: &mut Columns) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.session_id()?,
        created_at: row.text()?,
        last_used_at: row.text()?,
        expires_at: row.text()?,
        client_address: row.optional_text()?,
        user_agent: row.optional_text()?,
    })
}

/// The ids of those of the user's sessions that are still open.
pub async fn open_ids<D: Database>(
    store: &Store<D>,
    user: UserId,
    which: Which,
) -> Result<Vec<SessionId>, StoreError> {
    let (condition, id) = which.condition();
    let statement =
        format!("SELECT id FROM sessions WHERE user_id = ?1 AND ended_at IS NULL AND {condition}");
    let mut rows = store
        .run(&statement, &[Value::Text(user.to_string()), id])
        .await?;
    rows.iter_mut().map(Columns::session_id).collect()
}

/// The ids of the sessions that have ended since, of all users.
pub async fn ended_since<D: Database>(
    store: &Store<D>,
    since: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let statement = "SELECT id FROM sessions WHERE ended_at >= ?1";
    let mut rows = store.run(statement, &[Value::Text(rfc3339(since))]).await?;
    rows.iter_mut().map(Columns::session_id).collect()
}

/// The ids of those of the user's sessions that ended at `since` or later.
pub async fn ended_of_user_since<D: Database>(
    store: &Store<D>,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let statement = "SELECT id FROM sessions WHERE user_id = ?1 AND ended_at >= ?2";
    let parameters = [Value::Text(user.to_string()), Value::Text(rfc3339(since))];
    let mut rows = store.run(statement, &parameters).await?;
    rows.iter_mut().map(Columns::session_id).collect()
}

/// Ends those of the user's sessions that are still open, and tells which those were.
pub async fn end<D: Database>(
    store: &Store<D>,
    user: UserId,
    which: Which,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let (condition, id) = which.condition();
    let statement = format!(
        "UPDATE sessions SET ended_at = ?3, end_reason = ?4
         WHERE user_id = ?1 AND ended_at IS NULL AND {condition} RETURNING id"
    );
    let parameters = [
        Value::Text(user.to_string()),
        id,
        Value::Text(rfc3339(now)),
        Value::Text(reason.as_str().to_owned()),
    ];
    let mut rows = store.run(&statement, &parameters).await?;
    rows.iter_mut().map(Columns::session_id).collect()
}

/// A password that its owner changes.
#[derive(Debug)]
pub struct PasswordChange<'a> {
    /// Whose it is.
    pub user: UserId,
    /// The session that changes it, and stays open.
    pub session: SessionId,
    /// What the current password was checked against. If it is no longer the user's, nothing changes.
    pub old: &'a PasswordHash,
    /// What passwords are checked against from now on.
    pub new: &'a PasswordHash,
}

/// Changes the password, ends all other sessions, and tells which have been ended at that moment.
pub async fn change_password<D: Database>(
    store: &Store<D>,
    change: &PasswordChange<'_>,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let statement = "INSERT INTO password_changes (user_id, session_id, old_hash, new_hash, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    let user = Value::Text(change.user.to_string());
    let at = Value::Text(rfc3339(now));
    let parameters = [
        user.clone(),
        Value::Text(change.session.to_string()),
        Value::Text(change.old.as_str().to_owned()),
        Value::Text(change.new.as_str().to_owned()),
        at.clone(),
    ];
    store.run(statement, &parameters).await?;
    let ended = "SELECT id FROM sessions WHERE user_id = ?1 AND ended_at >= ?2";
    store
        .run(ended, &[user, at])
        .await?
        .iter_mut()
        .map(Columns::session_id)
        .collect()
}
