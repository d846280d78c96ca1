//! The key among the instances of the proxy, left by one to the others: sealed, in the key-value store.
//!
//! Spin replaces an instance after some hundred requests, and each has to learn the key anew. With a secret of the operator's they
//! do not ask `signin`, and so the database, each time; whoever has asked leaves the answer for the next. The store is no place for
//! a private key, so what is in it is encrypted (XChaCha20-Poly1305, of RFC 8439 with the longer nonce), and says how old it is.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::memory::KEY_MAX_AGE;
use super::{AssertionKey, KeySource, KeyUnavailable, KnownKey};
use crate::mac::hmac_sha256;
use crate::ports::{Clock, Entropy, KeyValue, Timestamp};

/// Where the sealed key is.
const SEALED_KEY: &str = "assertion-key/sealed";

/// What the operator's secret is used for, and what is authenticated with the key.
const CONTEXT: &[u8] = b"jetway assertion key\0";

/// Bytes of a moment, and of a nonce.
const MOMENT: usize = 8;
const NONCE: usize = 24;

/// The secret that the instances share: the variable `assertion_secret`. `Debug` does not show it; dropped, it is wiped.
#[derive(Clone)]
pub struct SharingSecret(Zeroizing<[u8; 32]>);

/// The text is too short to keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "has fewer than {} characters; `openssl rand -base64 32` makes one",
    SharingSecret::LEAST
)]
pub struct ShortSecret;

impl SharingSecret {
    const LEAST: usize = 32;

    /// Reads the secret, which nobody must be able to guess.
    pub fn parse(text: &str) -> Result<Self, ShortSecret> {
        if text.chars().count() < Self::LEAST {
            return Err(ShortSecret);
        }
        Ok(Self(Zeroizing::new(hmac_sha256(text.as_bytes(), &[CONTEXT]))))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }

    fn seal(&self, known: &KnownKey, entropy: &impl Entropy) -> Option<Vec<u8>> {
        let since = known.since.as_millis().to_be_bytes();
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload {
            msg: known.key.reveal_seed(),
            aad: &[CONTEXT, &since].concat(),
        };
        // It fails for messages of many gigabytes alone.
        let encrypted = self.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([&since[..], &nonce, &encrypted].concat())
    }

    /// The key, if it was sealed under this secret and nobody has changed anything.
    fn open(&self, sealed: &[u8]) -> Option<KnownKey> {
        let (since, rest) = sealed.split_first_chunk::<MOMENT>()?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: encrypted,
            aad: &[CONTEXT, since].concat(),
        };
        let seed = self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?;
        Some(KnownKey {
            key: AssertionKey::parse(&Zeroizing::new(seed)).ok()?,
            since: Timestamp::from_millis(u64::from_be_bytes(*since)),
        })
    }
}

impl std::fmt::Debug for SharingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharingSecret(..)")
    }
}

/// The key that another instance has left, where there is a secret and the key is not too old; else the one that `origin` has,
/// which is left to the others then.
#[derive(Debug)]
pub struct Shared<'a, S, K, C, E> {
    /// Who knows the key.
    pub origin: S,
    /// The secret. Without one, nothing is shared.
    pub secret: Option<&'a SharingSecret>,
    /// Where the key is left.
    pub store: &'a K,
    /// The clock.
    pub clock: &'a C,
    /// Where nonces come from.
    pub entropy: &'a E,
}

impl<S: KeySource, K: KeyValue, C: Clock, E: Entropy> KeySource for Shared<'_, S, K, C, E> {
    async fn fetch(&self) -> Result<KnownKey, KeyUnavailable> {
        let Some(secret) = self.secret else {
            return self.origin.fetch().await;
        };
        // A store that fails is done without: one that hangs would be waited for a second time.
        let Ok(sealed) = self.store.get(SEALED_KEY).await else {
            return self.origin.fetch().await;
        };
        let left = sealed.and_then(|sealed| secret.open(&sealed));
        let now = self.clock.now();
        if let Some(KnownKey { key, since }) = left.filter(|known| now < known.since.after(KEY_MAX_AGE)) {
            // Whoever left it may have a clock that is ahead.
            let since = since.min(now);
            return Ok(KnownKey { key, since });
        }
        let known = self.origin.fetch().await?;
        if let Some(sealed) = secret.seal(&known, self.entropy) {
            self.store.set(SEALED_KEY, &sealed).await.ok();
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests;
