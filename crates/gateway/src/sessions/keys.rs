//! The key that signs, made on first use, and the publication of its public half.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Failure;
use crate::ports::{Clock, Database, Entropy, KeyValue, Timestamp};
use crate::store::{Store, signing_keys};
use crate::tokens::{JwkSet, SigningKey, publish_key_set, published_key_set};

/// How long an instance relies on what it found: if the key-value store loses the published keys, they are back
/// within this time of the next sign-in.
const MAX_AGE: Duration = Duration::from_secs(10);

/// What an instance remembers of the signing key: one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Option<(Timestamp, SigningKey)>>);

impl KeyCache {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get(&self, now: Timestamp) -> Option<SigningKey> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached
            .as_ref()
            .filter(|(at, _)| now < at.after(MAX_AGE))
            .map(|(_, key)| key.clone())
    }

    fn set(&self, now: Timestamp, key: SigningKey) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, key));
    }
}

/// The key that signs, through the instance's memory.
pub(super) async fn signing_key<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    cache: &KeyCache,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<SigningKey, Failure> {
    let now = clock.now();
    if let Some(key) = cache.get(now) {
        return Ok(key);
    }
    let key = published_signing_key(store, key_value, clock, entropy).await?;
    cache.set(now, key.clone());
    Ok(key)
}

/// The key that signs, and that everyone can verify with: made if there is none, published if it is not.
pub async fn published_signing_key<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<SigningKey, Failure> {
    let mut keys = signing_keys::list(store).await?;
    if keys.is_empty() {
        signing_keys::insert_first(store, &SigningKey::generate(entropy), clock.now()).await?;
        // Another instance's may have been first: what is stored is what signs.
        keys = signing_keys::list(store).await?;
    }
    let set = JwkSet {
        keys: keys.iter().map(|key| key.public().clone()).collect(),
    };
    // A damaged set is replaced like a missing one.
    if published_key_set(key_value).await.ok().flatten().as_ref() != Some(&set) {
        publish_key_set(key_value, &set).await?;
    }
    keys.into_iter()
        .next()
        .ok_or_else(|| crate::store::StoreError::Damaged("no signing key".to_owned()).into())
}
