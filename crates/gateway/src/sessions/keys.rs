//! The keys that sign, made on first use, and the publication of their public halves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Failure;
use crate::assertion::AssertionKey;
use crate::ports::{Clock, Database, Entropy, KeyValue, Timestamp};
use crate::store::{Store, StoreError, signing_keys};
use crate::tokens::{JwkSet, SigningKey, publish_key_set, published_key_set};

/// How long an instance relies on what it found: if the key-value store loses the published keys, they are back
/// within this time of the next sign-in.
const MAX_AGE: Duration = Duration::from_secs(10);

/// The keys that sign now.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// Access tokens.
    pub access_tokens: SigningKey,
    /// Caller assertions.
    pub assertions: Arc<AssertionKey>,
}

/// What an instance remembers of the signing keys: one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Option<(Timestamp, SigningKeys)>>);

impl KeyCache {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The keys, where they have been looked up lately.
    pub fn get(&self, now: Timestamp) -> Option<SigningKeys> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached
            .as_ref()
            .filter(|(at, _)| now < at.after(MAX_AGE))
            .map(|(_, keys)| keys.clone())
    }

    fn set(&self, now: Timestamp, keys: SigningKeys) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, keys));
    }
}

/// The keys that sign, through the instance's memory.
pub async fn signing_keys<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    cache: &KeyCache,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<SigningKeys, Failure> {
    let now = clock.now();
    if let Some(keys) = cache.get(now) {
        return Ok(keys);
    }
    let keys = published_signing_keys(store, key_value, clock, entropy).await?;
    cache.set(now, keys.clone());
    Ok(keys)
}

/// The keys that sign, and that everyone can verify with: made if there are none, published if they are not. Both kinds
/// together, so that every instance publishes the same set.
pub async fn published_signing_keys<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<SigningKeys, Failure> {
    let access_tokens = access_token_keys(store, clock, entropy).await?;
    let assertions = assertion_keys(store, clock, entropy).await?;
    let public = access_tokens.iter().map(SigningKey::public);
    let public = public.chain(assertions.iter().map(AssertionKey::public));
    let set = JwkSet {
        keys: public.cloned().collect(),
    };
    // A damaged set is replaced like a missing one.
    if published_key_set(key_value).await.ok().flatten().as_ref() != Some(&set) {
        publish_key_set(key_value, &set).await?;
    }
    let missing = || StoreError::Damaged("no signing key".to_owned());
    Ok(SigningKeys {
        access_tokens: access_tokens.into_iter().next().ok_or_else(missing)?,
        assertions: Arc::new(assertions.into_iter().next().ok_or_else(missing)?),
    })
}

async fn access_token_keys<D: Database>(
    store: &Store<D>,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<Vec<SigningKey>, StoreError> {
    let keys = signing_keys::list(store).await?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    signing_keys::insert_first(store, &SigningKey::generate(entropy), clock.now()).await?;
    // Another instance's may have been first: what is stored is what signs.
    signing_keys::list(store).await
}

async fn assertion_keys<D: Database>(
    store: &Store<D>,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<Vec<AssertionKey>, StoreError> {
    let keys = signing_keys::list_for_assertions(store).await?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    let key = AssertionKey::generate(entropy);
    signing_keys::insert_first_for_assertions(store, &key, clock.now()).await?;
    signing_keys::list_for_assertions(store).await
}
