//! The keys that sign, made on first use and replaced in time, and the publication of their public halves.
//!
//! There is no clock that rotates. Whoever looks for the keys (a sign-in or refresh whose instance has not lately, readiness)
//! does what is due: makes a successor, publishes what is new, retires what signs no more, takes back what nobody needs. Each is one
//! statement that does nothing the second time, so that any number of instances may find it due at once; and a key signs only
//! once it is noted that it has been published for long enough.

mod rotation;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::restore::restore_revocations;
use crate::Failure;
use crate::assertion::AssertionKey;
use crate::locked::locked;
use crate::ports::{Clock, Database, Entropy, KeyValue, Timestamp};
use crate::store::signing_keys::{self, Kind, StoredKeys};
use crate::store::{Store, StoreError};
use crate::tokens::{JwkSet, SigningKey, publish_key_set, published_key_set};

pub use self::rotation::Rotation;

/// How long an instance relies on what it found: if the key-value store loses the published keys, they are back
/// within this time of the next sign-in.
const MAX_AGE: Duration = Duration::from_secs(10);
/// How often the set is published anew where others change it at the same time.
const ATTEMPTS: u32 = 5;

/// The keys that sign now.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// Access tokens.
    pub access_tokens: SigningKey,
    /// Caller assertions.
    pub assertions: Arc<AssertionKey>,
    /// The public halves of all that sign, will, or did until lately.
    pub public: Arc<JwkSet>,
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
        let cached = locked(&self.0);
        cached
            .as_ref()
            .filter(|(at, _)| now < at.after(MAX_AGE))
            .map(|(_, keys)| keys.clone())
    }

    fn set(&self, now: Timestamp, keys: SigningKeys) {
        *locked(&self.0) = Some((now, keys));
    }
}

/// The keys that sign, through the instance's memory.
pub async fn signing_keys<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    cache: &KeyCache,
    clock: &impl Clock,
    entropy: &impl Entropy,
    rotation: &Rotation,
) -> Result<SigningKeys, Failure> {
    let now = clock.now();
    if let Some(keys) = cache.get(now) {
        return Ok(keys);
    }
    let keys = published_signing_keys(store, key_value, clock, entropy, rotation).await?;
    cache.set(now, keys.clone());
    Ok(keys)
}

/// The keys that sign, and that everyone can verify with: made if there are none or the old ones' time has come, published
/// if they are not. Both kinds together, so that every instance publishes the same set.
pub async fn published_signing_keys<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    clock: &impl Clock,
    entropy: &impl Entropy,
    rotation: &Rotation,
) -> Result<SigningKeys, Failure> {
    let mut attempt = 1;
    let (access_tokens, assertions, set) = loop {
        let access_tokens = tend::<SigningKey, _>(store, clock, entropy, rotation).await?;
        let assertions = tend::<AssertionKey, _>(store, clock, entropy, rotation).await?;
        let set = public_halves(&access_tokens, &assertions);
        // A damaged set is replaced like a missing one.
        let published = published_key_set(key_value).await.ok().flatten();
        if published.as_ref() == Some(&set) {
            note_published(store, &access_tokens, clock, rotation).await?;
            note_published(store, &assertions, clock, rotation).await?;
            break (access_tokens, assertions, set);
        }
        if published.is_none() {
            // With the keys, the store has lost what was announced.
            restore_revocations(store, key_value, clock, rotation.access_tokens).await?;
        }
        // Not noted yet, and looked at once more: another instance, which had read before, may have put its older set in
        // place of this one.
        publish_key_set(key_value, &set).await?;
        if attempt == ATTEMPTS {
            break (access_tokens, assertions, set);
        }
        attempt += 1;
    };
    let now = clock.now();
    let missing = || StoreError::Damaged("no signing key".to_owned());
    Ok(SigningKeys {
        access_tokens: access_tokens.into_signing(rotation, now).ok_or_else(missing)?,
        assertions: Arc::new(assertions.into_signing(rotation, now).ok_or_else(missing)?),
        public: Arc::new(set),
    })
}

/// The public halves of all keys, by the database: for components that can open it.
pub async fn owned_keys<D: Database>(store: &Store<D>) -> Result<JwkSet, StoreError> {
    let access_tokens = signing_keys::list::<SigningKey, D>(store).await?;
    let assertions = signing_keys::list::<AssertionKey, D>(store).await?;
    Ok(public_halves(&access_tokens, &assertions))
}

fn public_halves(access_tokens: &StoredKeys<SigningKey>, assertions: &StoredKeys<AssertionKey>) -> JwkSet {
    let keys = access_tokens.public().chain(assertions.public());
    JwkSet {
        keys: keys.cloned().collect(),
    }
}

/// All keys of a kind, once what is due has been done to them.
async fn tend<K: Kind, D: Database>(
    store: &Store<D>,
    clock: &impl Clock,
    entropy: &impl Entropy,
    rotation: &Rotation,
) -> Result<StoredKeys<K>, StoreError> {
    let now = clock.now();
    let keys = signing_keys::list::<K, D>(store).await?;
    let (wanted, done) = (keys.want_successor(rotation, now), keys.done(rotation, now));
    let outlived = keys.have_outlived(now);
    if !wanted && done.is_empty() && !outlived {
        return Ok(keys);
    }
    if wanted {
        signing_keys::insert_successor(store, &K::generate(entropy), now, rotation.old(now)).await?;
    }
    for old in done {
        signing_keys::retire(store, &old.key, rotation.unpublish_at(old, now)).await?;
    }
    if outlived {
        signing_keys::unpublish::<K, D>(store, now).await?;
    }
    // Another instance may have been first: what is stored is what counts.
    signing_keys::list(store).await
}

/// Notes what has been published. Also how long its tokens may live, before the first of them is signed.
async fn note_published<K: Kind, D: Database>(
    store: &Store<D>,
    keys: &StoredKeys<K>,
    clock: &impl Clock,
    rotation: &Rotation,
) -> Result<(), StoreError> {
    let longest_token = K::longest_token(rotation.access_tokens);
    for key in keys.unnoted(longest_token) {
        signing_keys::note_published(store, key, clock.now(), longest_token).await?;
    }
    Ok(())
}
