//! Codes out of mails by which somebody signs in, and the links in the same mails. Each function is one statement: of two requests with
//! one code, the database lets one through.

use sha2::{Digest as _, Sha256};

use super::second_factor::Proof;
use super::{Store, StoreError};
use crate::domain::{
    AskingBrowserHash, EmailAddress, OneTimeTokenHash, OneTimeTokenId, PasswordHash, RefreshTokenHash,
    SessionId, UserId, rfc3339,
};
use crate::ports::{Database, Timestamp, Value};

/// A code that is about to be sent, with a link.
#[derive(Debug)]
pub struct NewCode {
    /// What both are derived from.
    pub id: OneTimeTokenId,
    /// Who asks.
    pub browser: AskingBrowserHash,
    /// What is stored of the link's token.
    pub link: OneTimeTokenHash,
    /// Now.
    pub created_at: Timestamp,
    /// From when on the code is worth nothing.
    pub expires_at: Timestamp,
    /// From when on the link is worth nothing.
    pub link_expires_at: Timestamp,
}

/// A code that somebody may be trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it is derived from.
    pub id: OneTimeTokenId,
    /// Whose it is, if anybody's.
    pub user: Option<UserId>,
}

/// Asks for a mail with this code to the address, and tells whose it is. Where it is nobody's, or the account is disabled, there is
/// nothing to send, and a code that nobody can know.
pub async fn request<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    code: &NewCode,
) -> Result<Option<UserId>, StoreError> {
    let statement = "INSERT INTO signin_code_requests
         (id, browser, address, email, link_hash, created_at, expires_at, link_expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let parameters = [
        Value::Text(code.id.to_string()),
        Value::Blob(code.browser.as_bytes().to_vec()),
        Value::Blob(address(email)),
        Value::Text(email.as_str().to_owned()),
        Value::Blob(code.link.as_bytes().to_vec()),
        Value::Text(rfc3339(code.created_at)),
        Value::Text(rfc3339(code.expires_at)),
        Value::Text(rfc3339(code.link_expires_at)),
    ];
    store.run(statement, &parameters).await?;
    let owner = "SELECT user_id FROM device_links WHERE id = ?1";
    let row = store.first(owner, &[Value::Text(code.id.to_string())]).await?;
    row.map(|mut row| row.user_id()).transpose()
}

/// Counts a try for each code that one of these browsers has asked for with this address, and gives those that may be tried: five times
/// each, until they expire.
pub async fn try_all<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    browsers: &[AskingBrowserHash],
    now: Timestamp,
) -> Result<Vec<Tried>, StoreError> {
    let statement = "UPDATE signin_codes SET tries = tries + 1
         WHERE browser IN (?1, ?2, ?3) AND address = ?4 AND expires_at > ?5 AND tries < 5 RETURNING id, user_id";
    let browser = |place: usize| {
        let browser = browsers.get(place);
        browser.map_or(Value::Null, |browser| Value::Blob(browser.as_bytes().to_vec()))
    };
    let parameters = [
        browser(0),
        browser(1),
        browser(2),
        Value::Blob(address(email)),
        Value::Text(rfc3339(now)),
    ];
    let mut rows = store.run(statement, &parameters).await?;
    rows.iter_mut()
        .map(|row| {
            let id = OneTimeTokenId::parse(&row.text()?).map_err(StoreError::damaged)?;
            let user = row.optional_text()?.map(|id| UserId::parse(&id));
            Ok(Tried {
                id,
                user: user.transpose().map_err(StoreError::damaged)?,
            })
        })
        .collect()
}

/// Writes down that whoever has shown the code has the address.
pub async fn prove<D: Database>(
    store: &Store<D>,
    code: OneTimeTokenId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO signin_code_proofs (id, email, proved_at) VALUES (?1, ?2, ?3)";
    let parameters = [
        Value::Text(code.to_string()),
        Value::Text(email.as_str().to_owned()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// A session that a code starts.
#[derive(Debug)]
pub struct CodeUse<'a> {
    /// The code.
    pub code: OneTimeTokenId,
    /// The address that it was shown with.
    pub email: &'a EmailAddress,
    /// The session's id.
    pub session: SessionId,
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
    /// Whether the user has signed in on this device before.
    pub known_device: bool,
}

/// Uses the code up, and starts the session.
pub async fn start_session<D: Database>(store: &Store<D>, used: &CodeUse<'_>) -> Result<(), StoreError> {
    let statement = "INSERT INTO signin_code_uses
         (id, email, session_id, refresh_hash, client_address, user_agent, started_at, expires_at, ends_at, known_device,
             otp_secret, otp_step, recovery_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let optional = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let [otp_secret, otp_step, recovery_hash] = factor(used.second_factor);
    let parameters = [
        Value::Text(used.code.to_string()),
        Value::Text(used.email.as_str().to_owned()),
        Value::Text(used.session.to_string()),
        Value::Blob(used.refresh_token.as_bytes().to_vec()),
        optional(used.client_address),
        optional(used.user_agent),
        Value::Text(rfc3339(used.started_at)),
        Value::Text(rfc3339(used.expires_at)),
        Value::Text(rfc3339(used.ends_at)),
        Value::Integer(used.known_device.into()),
        otp_secret,
        otp_step,
        recovery_hash,
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// Uses the link of a mail up, and tells whose address the browser that opened it is known for from now on.
pub async fn use_link<D: Database>(
    store: &Store<D>,
    link: &OneTimeTokenHash,
    now: Timestamp,
) -> Result<Option<(UserId, EmailAddress)>, StoreError> {
    let statement = "DELETE FROM device_links
         WHERE hash = ?1 AND expires_at > ?2 AND EXISTS (
             SELECT 1 FROM users WHERE users.id = user_id AND users.email = device_links.email AND disabled_at IS NULL
         )
         RETURNING user_id, email";
    let parameters = [Value::Blob(link.as_bytes().to_vec()), Value::Text(rfc3339(now))];
    let row = store.first(statement, &parameters).await?;
    row.map(|mut row| {
        let user = row.user_id()?;
        let email = EmailAddress::parse(&row.text()?).map_err(StoreError::damaged)?;
        Ok((user, email))
    })
    .transpose()
}

/// Says what stands in the way of somebody whose password is right and whose address has to be verified: `Ok` where nothing does any
/// more, because it has been verified meanwhile.
pub async fn refuse_unverified<D: Database>(
    store: &Store<D>,
    user: UserId,
    verified: &PasswordHash,
    second_factor: Option<&Proof>,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO unverified_signins (user_id, password_hash, otp_secret, otp_step, recovery_hash)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    let [otp_secret, otp_step, recovery_hash] = factor(second_factor);
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(verified.as_str().to_owned()),
        otp_secret,
        otp_step,
        recovery_hash,
    ];
    store.run(statement, &parameters).await.map(drop)
}

fn factor(proof: Option<&Proof>) -> [Value; 3] {
    proof.map_or_else(|| [Value::Null, Value::Null, Value::Null], Proof::values)
}

/// What stands for the address in the table.
fn address(email: &EmailAddress) -> Vec<u8> {
    Sha256::digest(email.canonical()).to_vec()
}
