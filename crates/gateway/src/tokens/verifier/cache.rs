//! What an instance remembers between requests, so that most tokens are verified without asking the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::{Claims, Jwk, published_key_set, revocation_key};
use super::verified::{TokenDigest, Verified, VerifiedTokens};
use crate::domain::SessionId;
use crate::ports::{KeyValue, KeyValueError, Timestamp};

/// A key that is withdrawn stops verifying within this time, everywhere.
const KEYS_MAX_AGE: Duration = Duration::from_secs(60);
/// A sign-out is known within this time, everywhere.
const REVOCATION_MAX_AGE: Duration = Duration::from_secs(1);
/// An instance that meets more sessions than this within a second forgets them all and asks again.
const MAX_SESSIONS: usize = 4096;

/// The memory of a [`Verifier`](super::Verifier): one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct VerifierCache {
    keys: Mutex<Option<Keys>>,
    sessions: Mutex<BTreeMap<SessionId, Checked>>,
    tokens: VerifiedTokens,
}

#[derive(Debug)]
struct Keys {
    read_at: Timestamp,
    keys: Vec<Arc<Jwk>>,
}

#[derive(Clone, Copy, Debug)]
struct Checked {
    at: Timestamp,
    revoked: bool,
}

impl VerifierCache {
    /// An empty memory.
    pub const fn new() -> Self {
        Self {
            keys: Mutex::new(None),
            sessions: Mutex::new(BTreeMap::new()),
            tokens: VerifiedTokens::new(),
        }
    }

    /// Reads the published keys before they are needed. A failure is found again by whoever needs them.
    pub async fn warm(&self, now: Timestamp, store: &impl KeyValue) {
        self.key("", now, store).await.ok();
    }

    /// The published key named `kid`. One that is not remembered is looked for in the store once.
    pub(super) async fn key(
        &self,
        kid: &str,
        now: Timestamp,
        store: &impl KeyValue,
    ) -> Result<Option<Arc<Jwk>>, KeyValueError> {
        if let Some(key) = self.remembered_key(kid, now) {
            return Ok(Some(key));
        }
        let keys = published_key_set(store).await?.unwrap_or_default().keys;
        let keys: Vec<_> = keys.into_iter().filter(Jwk::is_ours).map(Arc::new).collect();
        let key = keys.iter().find(|key| key.kid == kid).cloned();
        *locked(&self.keys) = Some(Keys { read_at: now, keys });
        Ok(key)
    }

    fn remembered_key(&self, kid: &str, now: Timestamp) -> Option<Arc<Jwk>> {
        let keys = locked(&self.keys);
        let keys = keys
            .as_ref()
            .filter(|keys| now < keys.read_at.after(KEYS_MAX_AGE))?;
        keys.keys.iter().find(|key| key.kid == kid).cloned()
    }

    /// What was verified of a token before.
    pub(super) fn verified(&self, token: &TokenDigest) -> Option<Verified> {
        self.tokens.get(token)
    }

    /// Remembers that the key `kid` has signed these claims.
    pub(super) fn remember(&self, token: TokenDigest, kid: String, claims: &Arc<Claims>) {
        let claims = Arc::clone(claims);
        let kid = kid.into();
        self.tokens.insert(token, Verified { kid, claims });
    }

    /// Whether the end of `session` has been announced.
    pub(super) async fn is_revoked(
        &self,
        session: SessionId,
        now: Timestamp,
        store: &impl KeyValue,
    ) -> Result<bool, KeyValueError> {
        if let Some(revoked) = self.remembered_revocation(session, now) {
            return Ok(revoked);
        }
        let revoked = store.get(&revocation_key(session)).await?.is_some();
        let mut sessions = locked(&self.sessions);
        if sessions.len() >= MAX_SESSIONS {
            sessions.clear();
        }
        sessions.insert(session, Checked { at: now, revoked });
        Ok(revoked)
    }

    fn remembered_revocation(&self, session: SessionId, now: Timestamp) -> Option<bool> {
        let checked = locked(&self.sessions).get(&session).copied()?;
        // An end is final; only its absence grows old.
        (checked.revoked || now < checked.at.after(REVOCATION_MAX_AGE)).then_some(checked.revoked)
    }
}

/// The guard of `mutex`, never held across an await. What is in it is whole even if a panic left it poisoned.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
