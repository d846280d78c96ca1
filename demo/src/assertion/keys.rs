//! The gateway's public keys for assertions, fetched when they are needed and kept for a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::Mutex;

/// A key that the gateway withdraws stops counting within this time.
const MAX_AGE: Duration = Duration::from_secs(300);

/// A name that is not known makes us look for a new key, but not more often than this: anybody can make names up.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

pub(super) struct Keys {
    url: String,
    client: reqwest::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_kid: HashMap<String, DecodingKey>,
    fetched_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    x: Option<String>,
    #[serde(rename = "https://jetway.dev/purpose")]
    purpose: Option<String>,
}

impl Keys {
    pub(super) fn published_by(gateway: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            .timeout(Duration::from_secs(3))
            .build()?;
        Ok(Self {
            url: format!("{}/.well-known/jwks.json", gateway.trim_end_matches('/')),
            client,
            known: Mutex::default(),
        })
    }

    /// The key of this name, or `None` where the gateway has none of it for assertions. Those who ask at the same moment wait
    /// for one answer.
    pub(super) async fn named(&self, kid: &str) -> Result<Option<DecodingKey>, reqwest::Error> {
        let mut known = self.known.lock().await;
        if let Some(key) = known.by_kid.get(kid).filter(|_| known.is_younger_than(MAX_AGE)) {
            return Ok(Some(key.clone()));
        }
        if !known.is_younger_than(LOOK_AGAIN) {
            let set: Set = self
                .client
                .get(&self.url)
                .send()
                .await?
                .error_for_status()?
                .json()
                .await?;
            known.by_kid = set.keys.into_iter().filter_map(Key::of_assertions).collect();
            known.fetched_at = Some(Instant::now());
        }
        Ok(known.by_kid.get(kid).cloned())
    }
}

impl Known {
    fn is_younger_than(&self, age: Duration) -> bool {
        self.fetched_at.is_some_and(|at| at.elapsed() < age)
    }
}

impl Key {
    /// The key by its name, if it is one that signs assertions. The one that signs access tokens is in the same set.
    fn of_assertions(self) -> Option<(String, DecodingKey)> {
        let of_assertions = self.purpose.as_deref() == Some("assertion");
        if !of_assertions || self.kty != "OKP" || self.crv.as_deref() != Some("Ed25519") {
            return None;
        }
        let key = DecodingKey::from_ed_components(&self.x?).ok()?;
        Some((self.kid?, key))
    }
}
