//! What an instance remembers between requests, so that most tokens are verified without asking the store.
//!
//! A key verifies if the store publishes it and its owner vouches for it: the store withdraws keys, and makes none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{
    Claims, Epoch, Jwk, JwkSet, KEY_SET_KEY, KeyOwner, epoch_key, published_key_set, revocation_key,
};
use super::verified::{Verified, VerifiedTokens};
use crate::domain::SessionId;
use crate::locked::locked;
use crate::ports::{KeyValue, KeyValueError, Timestamp};

/// A key that is withdrawn stops verifying within this time, everywhere.
const KEYS_MAX_AGE: Duration = Duration::from_secs(60);
/// How long an owner that cannot be asked is taken at its last word.
const VOUCHED_MAX_AGE: Duration = Duration::from_secs(3600);
/// Between two questions to the owner about keys that it did not vouch for.
const PAUSE: Duration = Duration::from_secs(1);
/// A sign-out, and a change of what tokens say of a user, is known within this time, everywhere.
const REVOCATION_MAX_AGE: Duration = Duration::from_secs(1);
/// An instance that meets more sessions than this within a second forgets them all and asks again.
const MAX_SESSIONS: usize = 4096;

/// The memory of a [`Verifier`](super::Verifier): one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct VerifierCache {
    owner: Option<&'static dyn KeyOwner>,
    vouched: Mutex<Vouched>,
    keys: Mutex<Option<Keys>>,
    sessions: Mutex<BTreeMap<SessionId, Checked>>,
    tokens: VerifiedTokens,
}

/// What the owner of the keys has said.
#[derive(Clone, Debug, Default)]
struct Vouched {
    asked_at: Option<Timestamp>,
    said: Option<(Timestamp, Arc<JwkSet>)>,
}

#[derive(Debug)]
struct Keys {
    read_at: Timestamp,
    keys: Vec<Arc<Jwk>>,
}

#[derive(Clone, Copy, Debug)]
struct Checked {
    at: Timestamp,
    standing: Standing,
}

/// How a session stands, by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its end has been announced. That is final.
    Ended,
    /// The store has no keys: it has lost what was in it, and so whatever was announced too.
    Unknown,
    /// It has not ended, and this is its user's epoch.
    Open(Epoch),
}

impl VerifierCache {
    /// An empty memory, of a verifier that takes the keys that `owner` vouches for.
    pub const fn of(owner: &'static dyn KeyOwner) -> Self {
        let mut cache = Self::trusting_the_store();
        cache.owner = Some(owner);
        cache
    }

    /// An empty memory, of a verifier that believes whatever keys are in the store: where nobody else can write it, as in tests.
    pub const fn trusting_the_store() -> Self {
        Self {
            owner: None,
            vouched: Mutex::new(Vouched {
                asked_at: None,
                said: None,
            }),
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
        let published = published_key_set(store).await?.unwrap_or_default();
        let keys = self.owned(published, now).await?.keys;
        let keys: Vec<_> = keys.into_iter().filter(Jwk::is_ours).map(Arc::new).collect();
        let key = keys.iter().find(|key| key.kid == kid).cloned();
        *locked(&self.keys) = Some(Keys { read_at: now, keys });
        Ok(key)
    }

    /// Those of `published` that the owner vouches for.
    async fn owned(&self, mut published: JwkSet, now: Timestamp) -> Result<JwkSet, KeyValueError> {
        let Some(owner) = self.owner else {
            return Ok(published);
        };
        if published.keys.is_empty() {
            return Ok(published);
        }
        let vouched = self.vouched(owner, &published, now).await?;
        published.keys.retain(|key| vouched.keys.contains(key));
        Ok(published)
    }

    /// What the owner says, by memory where that is fresh and knows all of `published`. A key that nobody vouches for makes an
    /// instance ask once a second, however many tokens name it.
    async fn vouched(
        &self,
        owner: &dyn KeyOwner,
        published: &JwkSet,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, KeyValueError> {
        let known = locked(&self.vouched).clone();
        let asked_lately = known
            .asked_at
            .is_some_and(|at| at <= now && now < at.after(PAUSE));
        if let Some((at, said)) = &known.said {
            let fresh = *at <= now && now < at.after(KEYS_MAX_AGE);
            let knows_all = published.keys.iter().all(|key| said.keys.contains(key));
            if fresh && (knows_all || asked_lately) {
                return Ok(Arc::clone(said));
            }
        }
        locked(&self.vouched).asked_at = Some(now);
        match owner.keys().await {
            Ok(said) => {
                let said = Arc::new(said);
                locked(&self.vouched).said = Some((now, Arc::clone(&said)));
                Ok(said)
            }
            // Its last word is worth something for a while: it may be restarting.
            Err(error) => known
                .said
                .filter(|(at, _)| *at <= now && now < at.after(VOUCHED_MAX_AGE))
                .map(|(_, said)| said)
                .ok_or(error),
        }
    }

    /// The keys for the world: as their owner names them, where there is one.
    pub async fn public_keys(&self, store: &impl KeyValue) -> Result<Option<JwkSet>, KeyValueError> {
        match self.owner {
            Some(owner) => owner.keys().await.map(Some),
            None => published_key_set(store).await,
        }
    }

    fn remembered_key(&self, kid: &str, now: Timestamp) -> Option<Arc<Jwk>> {
        let keys = locked(&self.keys);
        let keys = keys
            .as_ref()
            .filter(|keys| now < keys.read_at.after(KEYS_MAX_AGE))?;
        keys.keys.iter().find(|key| key.kid == kid).cloned()
    }

    /// What was verified of a token before.
    pub(super) fn verified(&self, token: &str) -> Option<Verified> {
        self.tokens.get(token)
    }

    /// Remembers that the key `kid` has signed this token's claims.
    pub(super) fn remember(&self, token: &str, kid: String, claims: &Arc<Claims>) {
        let claims = Arc::clone(claims);
        let kid = kid.into();
        self.tokens.insert(token, Verified { kid, claims });
    }

    /// Whether what these claims say has been revoked: their session has ended, or their user's epoch is another.
    pub(super) async fn is_revoked(
        &self,
        claims: &Claims,
        now: Timestamp,
        store: &impl KeyValue,
    ) -> Result<bool, KeyValueError> {
        let standing = match self.remembered_standing(claims, now) {
            Some(standing) => standing,
            None => self.read_standing(claims, now, store).await?,
        };
        Ok(standing != Standing::Open(claims.epoch))
    }

    fn remembered_standing(&self, claims: &Claims, now: Timestamp) -> Option<Standing> {
        let checked = locked(&self.sessions).get(&claims.sid).copied()?;
        let says_enough = match checked.standing {
            Standing::Ended => true,
            Standing::Unknown => false,
            // A token of a later epoch than the remembered one is as likely fresh as wrong: it is not refused unasked.
            Standing::Open(epoch) => claims.epoch <= epoch && now < checked.at.after(REVOCATION_MAX_AGE),
        };
        says_enough.then_some(checked.standing)
    }

    async fn read_standing(
        &self,
        claims: &Claims,
        now: Timestamp,
        store: &impl KeyValue,
    ) -> Result<Standing, KeyValueError> {
        let keys = [
            revocation_key(claims.sid),
            epoch_key(claims.sub),
            KEY_SET_KEY.to_owned(),
        ];
        let values = store.get_all(&keys).await?;
        let [end, epoch, published] =
            <[_; 3]>::try_from(values).map_err(|_| KeyValueError("not as many values as keys".to_owned()))?;
        let standing = if end.is_some() {
            Standing::Ended
        } else if published.is_none() {
            Standing::Unknown
        } else {
            Standing::Open(Epoch::of_stored(epoch.as_deref())?)
        };
        let mut sessions = locked(&self.sessions);
        if sessions.len() >= MAX_SESSIONS {
            sessions.clear();
        }
        sessions.insert(claims.sid, Checked { at: now, standing });
        Ok(standing)
    }
}
