//! The key that signs assertions, and how it gets from `signin`, which has the database, to `proxy`, which has not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::AssertionClaims;
use crate::ports::Entropy;
use crate::tokens::Jwk;

/// The header `typ` of an assertion. That of an access token is `JWT`.
pub const ASSERTION_TYPE: &str = "jetway-assertion+jwt";

/// An Ed25519 key that signs assertions, and nothing else. `Debug` shows only its name; dropped, it is wiped.
pub struct AssertionKey {
    key: SigningKey,
    jwk: Jwk,
    /// The header of every assertion, encoded.
    header: String,
}

/// The bytes are no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assertion key is damaged")]
pub struct InvalidAssertionKey;

/// The private half on its way from one function of the application to another. It has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_debug_implementations,
    reason = "it is to be sent, and never to be shown"
)]
pub struct KeyHandover {
    private_key: Zeroizing<String>,
}

impl AssertionKey {
    /// A new key.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// Reads a key out of the database.
    pub fn parse(seed: &[u8]) -> Result<Self, InvalidAssertionKey> {
        seed.try_into()
            .map(Self::from_seed)
            .map_err(|_| InvalidAssertionKey)
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let jwk = Jwk::of_assertions(key.verifying_key().as_bytes());
        // A thumbprint is base64url: there is nothing to escape.
        let header = format!(
            r#"{{"alg":"EdDSA","typ":"{ASSERTION_TYPE}","kid":"{}"}}"#,
            jwk.kid
        );
        Self {
            key,
            jwk,
            header: URL_SAFE_NO_PAD.encode(header),
        }
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// The public half.
    pub fn public(&self) -> &Jwk {
        &self.jwk
    }

    /// The private half, for the database. Named so that it is seen where it is used.
    pub(crate) fn reveal_seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The private half, for the proxy.
    pub fn hand_over(&self) -> KeyHandover {
        KeyHandover {
            private_key: Zeroizing::new(URL_SAFE_NO_PAD.encode(self.key.as_bytes())),
        }
    }

    /// The assertion of `claims`, in the compact form of RFC 7515. By hand, because the library that signs access tokens
    /// would read the key and compute its public half anew for each.
    pub(super) fn sign(&self, claims: &AssertionClaims<'_>) -> Result<String, serde_json::Error> {
        let mut token = self.header.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = self.key.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        Ok(token)
    }
}

impl KeyHandover {
    /// Reads what [`AssertionKey::hand_over`] gave, as JSON.
    pub fn read(json: Vec<u8>) -> Result<AssertionKey, InvalidAssertionKey> {
        let json = Zeroizing::new(json);
        let handover: Self = serde_json::from_slice(&json).map_err(|_| InvalidAssertionKey)?;
        let seed = URL_SAFE_NO_PAD
            .decode(handover.private_key.as_bytes())
            .map(Zeroizing::new);
        AssertionKey::parse(&seed.map_err(|_| InvalidAssertionKey)?)
    }
}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssertionKey({})", self.kid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::CountingEntropy;

    #[test]
    fn what_is_handed_over_is_the_same_key() {
        let key = AssertionKey::generate(&CountingEntropy::default());
        let json = serde_json::to_vec(&key.hand_over()).unwrap();
        assert_eq!(KeyHandover::read(json).unwrap().public(), key.public());
    }

    #[test]
    fn anything_else_is_no_key() {
        for json in [
            "",
            "{}",
            r#"{"private_key":"AAAA"}"#,
            r#"{"private_key":"%"}"#,
            r#"{"private_key":"AAAA","x":1}"#,
            r#"{"code":"not_ready","detail":"Try again in a moment."}"#,
        ] {
            assert!(KeyHandover::read(json.into()).is_err(), "{json}");
        }
    }

    #[test]
    fn debug_shows_only_its_name() {
        let key = AssertionKey::generate(&CountingEntropy::default());
        assert_eq!(format!("{key:?}"), format!("AssertionKey({})", key.kid()));
    }
}
