//! Public keys in the form that the world reads (RFC 7517, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A public Ed25519 key that verifies what we sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The key, in base64url.
    pub x: String,
    /// The key's name: its thumbprint, so that one key never has two names, nor one name two keys.
    pub kid: String,
    /// Always `EdDSA`.
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// What it verifies, where that is not access tokens. A member of our own, named as RFC 7517 wants it, section 4; who does
    /// not know it overlooks it, and is left with the header `typ`.
    #[serde(
        rename = "https://jetway.dev/purpose",
        skip_serializing_if = "Option::is_none"
    )]
    pub purpose: Option<String>,
}

/// The keys that verify what we sign, as published at `/.well-known/jwks.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// The form of the public key `bytes`, which verifies access tokens.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(bytes);
        Self {
            kid: thumbprint(&x),
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x,
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            purpose: None,
        }
    }

    /// The form of the public key `bytes`, which verifies caller assertions and no access token.
    pub fn of_assertions(bytes: &[u8; 32]) -> Self {
        Self {
            purpose: Some("assertion".to_owned()),
            ..Self::new(bytes)
        }
    }

    /// Whether the private half of this key made `signature` over `message`, strictly: neither the key nor the signature's
    /// point is of small order, its scalar is below the group's order, and it is 64 bytes. So nobody makes a second signature
    /// out of a first, and none is good for two messages.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = self
            .bytes()
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let signature = Signature::from_slice(signature).ok();
        key.zip(signature)
            .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
    }

    /// The key itself, if there is one in this form.
    pub(crate) fn bytes(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        (URL_SAFE_NO_PAD.decode_slice(&self.x, &mut bytes) == Ok(32)).then_some(bytes)
    }

    /// Whether this is a key of access tokens, as [`Jwk::new`] makes them. The set is our own, and yet it comes from a store:
    /// nothing that merely looks like a key verifies a token.
    pub fn is_ours(&self) -> bool {
        self.bytes().is_some_and(|bytes| *self == Self::new(&bytes))
    }
}

/// The thumbprint of the key (RFC 7638): the SHA-256 of its required members, in this order.
fn thumbprint(x: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(
        r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 8037, appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        assert_eq!(thumbprint(X), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn only_our_own_form_of_a_key_is_ours() {
        let bytes = URL_SAFE_NO_PAD.decode(X).unwrap().try_into().unwrap();
        let ours = Jwk::new(&bytes);
        assert!(ours.is_ours());
        assert!(!Jwk::of_assertions(&bytes).is_ours());
        assert!(
            !Jwk {
                kid: "other".to_owned(),
                ..ours.clone()
            }
            .is_ours()
        );
        assert!(
            !Jwk {
                x: "AAAA".to_owned(),
                ..ours.clone()
            }
            .is_ours()
        );
        assert!(
            !Jwk {
                alg: "HS256".to_owned(),
                ..ours
            }
            .is_ours()
        );
    }
}
