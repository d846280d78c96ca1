//! What an instance of the proxy remembers of assertions: the key, and those that it made a moment ago.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;

use super::{AssertionKey, KeySource, Subject};
use crate::domain::TokenId;
use crate::locked::locked;
use crate::ports::Timestamp;
use crate::tokens::Identity;

/// A new key signs everywhere within this time; the old one must stay published for longer.
pub(super) const KEY_MAX_AGE: Duration = Duration::from_secs(600);
/// After a failure, requests go without asking for as long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How much of an assertion's life must be left for it to be sent once more.
const LEAST_LEFT: Duration = Duration::from_secs(15);
/// More than this are not kept: the old ones go first, and if there are none, all.
const MAX_KEPT: usize = 1024;
/// What is longer (a path with its query) is not worth its place.
const MAX_KEPT_BYTES: usize = 4096;

/// The memory of an [`Asserter`](super::Asserter): one for an instance, as a `static`.
#[derive(Debug, Default)]
pub struct Memory {
    key: Mutex<Key>,
    kept: Mutex<BTreeMap<Place, Kept>>,
}

/// The key cannot be had; the words of whoever was asked, which never hold a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assertion key cannot be had: {0}")]
pub struct KeyUnavailable(pub String);

#[derive(Debug, Default)]
struct Key {
    known: Option<(Timestamp, Arc<AssertionKey>)>,
    failed_at: Option<Timestamp>,
}

/// An assertion, and how long it is good.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) assertion: HeaderValue,
    pub(super) expires_at: Timestamp,
}

impl Memory {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            key: Mutex::new(Key {
                known: None,
                failed_at: None,
            }),
            kept: Mutex::new(BTreeMap::new()),
        }
    }

    /// The key that signs. One that is known stays good while there is no newer one to be had.
    pub(super) async fn key(
        &self,
        now: Timestamp,
        source: &impl KeySource,
    ) -> Result<Arc<AssertionKey>, KeyUnavailable> {
        let old = match self.remembered_key(now) {
            Remembered::Fresh(key) => return Ok(key),
            Remembered::Failing => return Err(KeyUnavailable("it could not be had a moment ago".to_owned())),
            Remembered::Old(key) => Some(key),
            Remembered::Nothing => None,
        };
        let fetched = source.fetch().await;
        let mut key = locked(&self.key);
        match (fetched, old) {
            (Ok(fetched), _) => {
                let current = Arc::new(fetched.key);
                key.known = Some((fetched.since, Arc::clone(&current)));
                key.failed_at = None;
                Ok(current)
            }
            (Err(_), Some(old)) => {
                key.failed_at = Some(now);
                Ok(old)
            }
            (Err(error), None) => {
                key.failed_at = Some(now);
                Err(error)
            }
        }
    }

    /// Gets the key before it is needed. A failure is found again by whoever needs it.
    pub async fn warm(&self, now: Timestamp, source: &impl KeySource) {
        self.key(now, source).await.ok();
    }

    fn remembered_key(&self, now: Timestamp) -> Remembered {
        let key = locked(&self.key);
        let failing = key
            .failed_at
            .is_some_and(|at| now < at.after(PAUSE_AFTER_FAILURE));
        match &key.known {
            Some((at, key)) if failing || now < at.after(KEY_MAX_AGE) => Remembered::Fresh(Arc::clone(key)),
            Some((_, key)) => Remembered::Old(Arc::clone(key)),
            None if failing => Remembered::Failing,
            None => Remembered::Nothing,
        }
    }

    /// An assertion for the same request by the same token that has enough of its life left.
    pub(super) fn kept(&self, place: &Place, now: Timestamp) -> Option<HeaderValue> {
        let all = locked(&self.kept);
        let kept = all
            .get(place)
            .filter(|kept| now.after(LEAST_LEFT) <= kept.expires_at)?;
        Some(kept.assertion.clone())
    }

    pub(super) fn keep(&self, place: Place, kept: Kept, now: Timestamp) {
        if place.request.len() > MAX_KEPT_BYTES {
            return;
        }
        let mut all = locked(&self.kept);
        if all.len() >= MAX_KEPT {
            all.retain(|_, kept| now.after(LEAST_LEFT) <= kept.expires_at);
        }
        if all.len() >= MAX_KEPT {
            all.clear();
        }
        all.insert(place, kept);
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn len(&self) -> usize {
        locked(&self.kept).len()
    }
}

/// Where an assertion is kept: everything that it depends on. A token's id stands for the token, whose claims never change.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    request: String,
    token: Option<TokenId>,
}

impl Place {
    pub(super) fn of(subject: &Subject<'_>, caller: Option<&Identity>) -> Self {
        let Subject {
            service,
            method,
            target,
        } = subject;
        Self {
            // None of the parts can have a line break in it.
            request: [target, "\n", method, "\n", service].concat(),
            token: caller.map(Identity::token),
        }
    }
}

enum Remembered {
    Fresh(Arc<AssertionKey>),
    Old(Arc<AssertionKey>),
    Failing,
    Nothing,
}
