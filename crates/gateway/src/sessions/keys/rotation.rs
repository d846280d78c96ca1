//! When a key is made, signs, stops and goes.

use std::time::Duration;

use crate::config::{ConfigError, duration, read};
use crate::ports::{Timestamp, Variables};
use crate::store::signing_keys::{Kind, StoredKey, StoredKeys};
use crate::tokens::Jwk;

/// How wrong a verifier's clock may be.
const LEEWAY: Duration = Duration::from_secs(30);

/// The spans of time in a key's life, the same for both kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// A key of this age gets a successor.
    pub max_age: Duration,
    /// How long a key has been published when it begins to sign: for longer than anybody keeps the set without looking.
    pub publish_ahead: Duration,
    /// How long access tokens live.
    pub access_tokens: Duration,
}

impl Rotation {
    /// Reads the variables `signing_key_max_age` and `signing_key_publish_ahead`.
    pub async fn read(variables: &impl Variables, access_tokens: Duration) -> Result<Self, ConfigError> {
        let max_age = read(variables, "signing_key_max_age", duration).await?;
        let publish_ahead = read(variables, "signing_key_publish_ahead", duration).await?;
        // Else every key would be old before it signs.
        if max_age <= publish_ahead {
            let reason = "is not longer than `signing_key_publish_ahead`";
            return Err(ConfigError::new("signing_key_max_age", reason));
        }
        Ok(Self {
            max_age,
            publish_ahead,
            access_tokens,
        })
    }

    /// Whoever was made before this is old.
    pub(super) fn old(&self, now: Timestamp) -> Timestamp {
        now.before(self.max_age)
    }

    /// Until when a key stays published that is known to sign no more.
    pub(super) fn unpublish_at<K>(&self, key: &StoredKey<K>, now: Timestamp) -> Timestamp {
        now.after(key.longest_token).after(LEEWAY)
    }

    fn starts_at<K>(&self, key: &StoredKey<K>) -> Option<Timestamp> {
        key.published_at.map(|at| at.after(self.publish_ahead))
    }
}

impl<K: Kind> StoredKeys<K> {
    /// Whether there is to be a new key.
    pub(super) fn want_successor(&self, rotation: &Rotation, now: Timestamp) -> bool {
        self.keys
            .first()
            .is_none_or(|newest| newest.due || newest.made_at <= rotation.old(now))
    }

    /// Which one signs: the newest of those that have been published for long enough. Where none has, nobody has seen an
    /// older one either, and the oldest will do.
    fn signing(&self, rotation: &Rotation, now: Timestamp) -> Option<usize> {
        let starts = |key| rotation.starts_at(key).is_some_and(|start| start <= now);
        let oldest = self.keys.len().checked_sub(1);
        self.keys.iter().position(starts).or(oldest)
    }

    /// The key that signs.
    pub(super) fn into_signing(mut self, rotation: &Rotation, now: Timestamp) -> Option<K> {
        let at = self.signing(rotation, now)?;
        Some(self.keys.swap_remove(at).key)
    }

    /// Those that nobody signs with any more.
    pub(super) fn done(&self, rotation: &Rotation, now: Timestamp) -> &[StoredKey<K>] {
        let Some((at, start)) = self.signing(rotation, now).and_then(|at| {
            let start = rotation.starts_at(&self.keys[at])?;
            Some((at, start))
        }) else {
            return &[];
        };
        if start.after(K::LINGERS) <= now {
            &self.keys[at + 1..]
        } else {
            &[]
        }
    }

    /// Whether a public half has outlived what it verifies.
    pub(super) fn have_outlived(&self, now: Timestamp) -> bool {
        self.retired.iter().any(|key| key.unpublish_at <= now)
    }

    /// Those of which it is not noted yet that they are published, or that they may sign what lives for so long.
    pub(super) fn unnoted(&self, longest_token: Duration) -> impl Iterator<Item = &K> {
        let noted =
            move |key: &StoredKey<K>| key.published_at.is_some() && key.longest_token >= longest_token;
        self.keys
            .iter()
            .filter(move |key| !noted(key))
            .map(|key| &key.key)
    }

    /// All public halves.
    pub(super) fn public(&self) -> impl Iterator<Item = &Jwk> {
        let signing = self.keys.iter().map(|key| key.key.public());
        signing.chain(self.retired.iter().map(|key| &key.public))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn rotation(max_age: &str, ahead: &str) -> Result<Rotation, String> {
        let variables = TestVariables::default()
            .with("signing_key_max_age", max_age)
            .with("signing_key_publish_ahead", ahead);
        block_on(Rotation::read(&variables, Duration::from_secs(600))).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_must_come_to_sign_before_it_is_old() {
        assert_eq!(
            rotation("90d", "10m").unwrap().publish_ahead,
            Duration::from_secs(600)
        );
        for (max_age, ahead, named) in [
            ("10m", "10m", "signing_key_max_age"),
            ("1m", "10m", "signing_key_max_age"),
            ("soon", "10m", "signing_key_max_age"),
            ("90d", "", "signing_key_publish_ahead"),
        ] {
            let error = rotation(max_age, ahead).unwrap_err();
            assert!(error.starts_with(&format!("the variable `{named}`")), "{error}");
        }
    }
}
