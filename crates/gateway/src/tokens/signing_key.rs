//! The private half of a key.

use ed25519_dalek::pkcs8::EncodePrivateKey as _;

use super::{IssuingFailed, Jwk};
use crate::ports::Entropy;

/// An Ed25519 key that signs access tokens. `Debug` shows only its name.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    jwk: Jwk,
}

/// The stored bytes are no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored signing key is damaged")]
pub struct InvalidSigningKey;

impl SigningKey {
    /// A new key.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self::from_seed(&seed)
    }

    /// Reads a key out of the database.
    pub fn parse(seed: &[u8]) -> Result<Self, InvalidSigningKey> {
        seed.try_into()
            .map(Self::from_seed)
            .map_err(|_| InvalidSigningKey)
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let jwk = Jwk::new(key.verifying_key().as_bytes());
        Self { key, jwk }
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

    pub(super) fn encoding_key(&self) -> Result<jsonwebtoken::EncodingKey, IssuingFailed> {
        let der = self
            .key
            .to_pkcs8_der()
            .map_err(|e| IssuingFailed(e.to_string()))?;
        Ok(jsonwebtoken::EncodingKey::from_ed_der(der.as_bytes()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// The private key of RFC 8037, appendix A.1.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    fn key() -> SigningKey {
        SigningKey::parse(&URL_SAFE_NO_PAD.decode(SEED).unwrap()).unwrap()
    }

    #[test]
    fn the_public_half_is_that_of_rfc_8037_appendix_a_2() {
        assert_eq!(key().public().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn it_signs_as_rfc_8037_appendix_a_4_does() {
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let algorithm = jsonwebtoken::Algorithm::EdDSA;
        let made = jsonwebtoken::crypto::sign(signed.as_bytes(), &key().encoding_key().unwrap(), algorithm);
        assert_eq!(made.unwrap(), signature);
        // And appendix A.5: it verifies, and what was changed does not.
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key().public().verifies(signed.as_bytes(), &signature));
        assert!(!key().public().verifies(&signed.as_bytes()[1..], &signature));
    }

    #[test]
    fn debug_shows_only_its_name() {
        assert_eq!(
            format!("{:?}", key()),
            "SigningKey(kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k)"
        );
    }
}
