//! Secrets of second factors, and recovery codes.

use super::{Store, StoreError, origin};
use crate::domain::{
    Origin, RecoveryCode, RecoveryCodeHash, SessionId, TotpSecret, TotpStep, UserId, parse_rfc3339, rfc3339,
};
use crate::ports::{Database, Timestamp, Value};

/// So many attempts at a code are free. The chance to guess one is three in a million each.
const FREE_ATTEMPTS: i64 = 5;

/// How a user's second factor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Since when it is on (RFC 3339, UTC); `None` where it is not.
    pub since: Option<String>,
    /// How many recovery codes are unused.
    pub recovery_codes_left: i64,
}

/// What has been checked, and is to be used: once.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The code of this step, by this secret.
    Totp {
        /// The secret. If it is no longer the user's, nothing is proven.
        secret: TotpSecret,
        /// The step.
        step: TotpStep,
    },
    /// A recovery code. Whether it is the user's, and unused, is seen when it is used.
    Recovery(RecoveryCodeHash),
}

impl Proof {
    /// The columns `secret`, `step` and `recovery_hash`.
    pub(super) fn values(&self) -> [Value; 3] {
        match self {
            Self::Totp { secret, step } => [
                Value::Blob(secret.reveal().to_vec()),
                step_value(*step),
                Value::Null,
            ],
            Self::Recovery(hash) => [Value::Null, Value::Null, Value::Text(hash.as_str().to_owned())],
        }
    }
}

/// An attempt at a code, counted.
#[derive(Debug)]
pub enum Attempt {
    /// The code is to be checked against this secret.
    Secret {
        /// The secret.
        secret: TotpSecret,
        /// Whether the user has shown to have it on a device.
        confirmed: bool,
    },
    /// It comes too early after others: by so many seconds.
    TooEarly(u64),
    /// There is no secret.
    None,
}

/// How the user's second factor stands.
pub async fn state<D: Database>(store: &Store<D>, user: UserId) -> Result<SecondFactorState, StoreError> {
    let statement = "SELECT (SELECT confirmed_at FROM totp_secrets WHERE user_id = ?1),
         (SELECT count(*) FROM recovery_codes WHERE user_id = ?1 AND used_at IS NULL)";
    let row = store.first(statement, &[Value::Text(user.to_string())]).await?;
    let mut row = row.ok_or_else(|| StoreError::damaged("no row for a second factor"))?;
    Ok(SecondFactorState {
        since: row.optional_text()?,
        recovery_codes_left: row.integer()?,
    })
}

/// Stores a secret that is to be confirmed, in place of one that was not. Whether it was: where one is confirmed, it stays.
pub async fn begin<D: Database>(
    store: &Store<D>,
    user: UserId,
    secret: &TotpSecret,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let statement = "INSERT INTO totp_secrets (user_id, secret, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
         WHERE confirmed_at IS NULL
         RETURNING 1";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Blob(secret.reveal().to_vec()),
        Value::Text(rfc3339(now)),
    ];
    Ok(store.first(statement, &parameters).await?.is_some())
}

/// Counts an attempt at a code before it is checked, so that many at once are many. After a few, each has to wait: half a minute,
/// and twice as long each time, up to an hour. A code that is accepted ends the count. Only who knows the user's password comes this
/// far, and so nobody else can make them wait.
pub async fn attempt<D: Database>(
    store: &Store<D>,
    user: UserId,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    let statement = "UPDATE totp_secrets SET attempts = attempts + 1,
             next_attempt = CASE WHEN attempts + 1 < ?3 THEN '' ELSE strftime('%Y-%m-%dT%H:%M:%fZ', ?2,
                 '+' || min(30 << min(attempts + 1 - ?3, 7), 3600) || ' seconds') END
         WHERE user_id = ?1 AND next_attempt <= ?2
         RETURNING secret, confirmed_at IS NOT NULL";
    let id = Value::Text(user.to_string());
    let parameters = [
        id.clone(),
        Value::Text(rfc3339(now)),
        Value::Integer(FREE_ATTEMPTS),
    ];
    if let Some(mut row) = store.first(statement, &parameters).await? {
        let secret = TotpSecret::from_bytes(&row.blob()?);
        return Ok(Attempt::Secret {
            secret: secret.ok_or_else(|| StoreError::damaged("a secret is not of 20 bytes"))?,
            confirmed: row.integer()? != 0,
        });
    }
    let statement = "SELECT next_attempt FROM totp_secrets WHERE user_id = ?1";
    let Some(mut row) = store.first(statement, &[id]).await? else {
        return Ok(Attempt::None);
    };
    let wait = parse_rfc3339(&row.text()?).map_or(0, |next| now.until(next).as_millis());
    Ok(Attempt::TooEarly(
        u64::try_from(wait.div_ceil(1000)).unwrap_or(u64::MAX).max(1),
    ))
}

/// Turns the second factor on, with these recovery codes.
pub async fn confirm<D: Database>(
    store: &Store<D>,
    (user, session): (UserId, SessionId),
    (secret, step): (&TotpSecret, TotpStep),
    codes: &[RecoveryCode],
    (now, from): (Timestamp, &Origin),
) -> Result<(), StoreError> {
    let statement = "INSERT INTO second_factor_confirmations
         (user_id, session_id, secret, step, codes, confirmed_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let [address, request] = origin(from);
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(session.to_string()),
        Value::Blob(secret.reveal().to_vec()),
        step_value(step),
        hashes(codes),
        Value::Text(rfc3339(now)),
        address,
        request,
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// Uses a proof up, which an act is about to be done for.
pub async fn use_up<D: Database>(
    store: &Store<D>,
    user: UserId,
    proof: &Proof,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO second_factor_uses (user_id, secret, step, recovery_hash, used_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let [secret, step, recovery] = proof.values();
    let (user, now) = (Value::Text(user.to_string()), Value::Text(rfc3339(now)));
    let parameters = [user, secret, step, recovery, now];
    store.run(statement, &parameters).await.map(drop)
}

/// Turns the second factor off.
pub async fn remove<D: Database>(
    store: &Store<D>,
    user: UserId,
    proof: &Proof,
    (now, from): (Timestamp, &Origin),
) -> Result<(), StoreError> {
    let statement = "INSERT INTO second_factor_removals
         (user_id, secret, step, recovery_hash, removed_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let [secret, step, recovery] = proof.values();
    let [address, request] = origin(from);
    let (user, now) = (Value::Text(user.to_string()), Value::Text(rfc3339(now)));
    store
        .run(statement, &[user, secret, step, recovery, now, address, request])
        .await
        .map(drop)
}

/// Puts these recovery codes in the place of those there are.
pub async fn replace_codes<D: Database>(
    store: &Store<D>,
    user: UserId,
    proof: &Proof,
    codes: &[RecoveryCode],
    (now, from): (Timestamp, &Origin),
) -> Result<(), StoreError> {
    let statement = "INSERT INTO recovery_code_sets
         (user_id, secret, step, recovery_hash, made_at, client_address, request_id, codes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let [secret, step, recovery] = proof.values();
    let [address, request] = origin(from);
    let (user, now) = (Value::Text(user.to_string()), Value::Text(rfc3339(now)));
    let codes = hashes(codes);
    store
        .run(
            statement,
            &[user, secret, step, recovery, now, address, request, codes],
        )
        .await
        .map(drop)
}

fn step_value(step: TotpStep) -> Value {
    Value::Integer(i64::try_from(step.number()).unwrap_or(i64::MAX))
}

/// What is stored of the codes, as a JSON array. Hexadecimal digits need no quoting.
fn hashes(codes: &[RecoveryCode]) -> Value {
    let quoted: Vec<_> = codes
        .iter()
        .map(|code| format!("\"{}\"", code.hash().as_str()))
        .collect();
    Value::Text(format!("[{}]", quoted.join(",")))
}
