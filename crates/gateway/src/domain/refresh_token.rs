//! The token that a client trades for a new access token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::Invalid;
use crate::ports::Entropy;

/// 256 bits, random or made of a random one's with a secret, which the client sees as 43 characters of base64url. Only its hash is ever stored, and `Debug` shows
/// nothing.
pub struct RefreshToken([u8; 32]);

/// What the database keeps of a [`RefreshToken`]. SHA-256 without salt or rounds is enough: nobody guesses 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshTokenHash([u8; 32]);

/// The text is no refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a refresh token")]
pub struct InvalidRefreshToken;

impl Invalid for InvalidRefreshToken {
    fn code(&self) -> &'static str {
        "refresh_token_malformed"
    }
}

impl RefreshToken {
    /// A new token.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The token that comes after this one: the same every time, and known to nobody who has not both this one and what `mac`
    /// is keyed with.
    pub fn successor(&self, mac: impl FnOnce(&[u8]) -> [u8; 32]) -> Self {
        Self(mac(&self.0))
    }

    /// Reads what a client sent.
    pub fn parse(text: &str) -> Result<Self, InvalidRefreshToken> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(InvalidRefreshToken),
        }
    }

    /// The token as the client keeps it. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    pub fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash(Sha256::digest(self.0).into())
    }
}

impl RefreshTokenHash {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

impl std::fmt::Debug for RefreshTokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshTokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_shown() {
        let token = RefreshToken([0xa5; 32]);
        let shown = token.reveal();
        assert_eq!(shown.len(), 43);
        assert_eq!(RefreshToken::parse(&shown).unwrap().hash(), token.hash());
    }

    #[test]
    fn any_other_text_is_refused() {
        let shown = RefreshToken([1; 32]).reveal();
        let longer = format!("{shown}A");
        let padded = format!("{shown}=");
        for text in ["", "x", &shown[1..], &longer, &padded, &shown.replace('A', "+")] {
            assert!(RefreshToken::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_neither_the_token_nor_its_hash() {
        let token = RefreshToken([1; 32]);
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "RefreshToken(..) RefreshTokenHash(..)"
        );
    }
}
