//! Sessions that ended while access tokens of theirs were still young, announced in the key-value store.

use crate::domain::SessionId;
use crate::ports::{KeyValue, KeyValueError, Timestamp};

/// Where the ends of sessions are announced.
pub const REVOCATIONS: &str = "revoked/session/";

/// Where the end of `session` is announced.
pub fn revocation_key(session: SessionId) -> String {
    format!("{REVOCATIONS}{session}")
}

/// Announces that `session` has ended. No access token of it outlives `until`, and so the entry, whose value is that
/// moment in seconds, may be swept from then on.
pub async fn announce_sign_out(
    store: &impl KeyValue,
    session: SessionId,
    until: Timestamp,
) -> Result<(), KeyValueError> {
    store
        .set(&revocation_key(session), until.as_secs().to_string().as_bytes())
        .await
}
