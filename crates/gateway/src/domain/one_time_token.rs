//! The token out of a mail: whoever shows it has read the mail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{Invalid, OneTimeTokenId};
use crate::mac::hmac_sha256;

/// Tells these tokens from whatever else may be derived from the same secret.
const LABEL: &[u8] = b"jetway one-time token\0";

/// 256 bits that nobody can guess, which the person sees as 43 characters of base64url. `Debug` shows nothing.
///
/// It is derived from its id and a secret of the server: so the event that asks for the mail names the id alone, and only who has the
/// secret can write the mail.
pub struct OneTimeToken([u8; 32]);

/// What the database keeps of a [`OneTimeToken`]. SHA-256 without salt or rounds is enough: nobody guesses 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeTokenHash([u8; 32]);

/// The text is no one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a one-time token")]
pub struct InvalidOneTimeToken;

impl Invalid for InvalidOneTimeToken {
    fn code(&self) -> &'static str {
        "token_malformed"
    }
}

impl OneTimeToken {
    /// The token of this id.
    pub fn derive(secret: &[u8; 32], id: OneTimeTokenId) -> Self {
        Self(hmac_sha256(secret, &[LABEL, id.to_string().as_bytes()]))
    }

    /// Reads what a client sent: somebody may have copied it, with a space or a line's end.
    pub fn parse(text: &str) -> Result<Self, InvalidOneTimeToken> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text.trim(), &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(InvalidOneTimeToken),
        }
    }

    /// The token as the mail has it. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    pub fn hash(&self) -> OneTimeTokenHash {
        OneTimeTokenHash(Sha256::digest(self.0).into())
    }
}

impl OneTimeTokenHash {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeToken(..)")
    }
}

impl std::fmt::Debug for OneTimeTokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeTokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: char) -> OneTimeTokenId {
        OneTimeTokenId::parse(&format!("01893726-efee-7f02-8fbf-9f2b7bc2f91{last}")).unwrap()
    }

    #[test]
    fn a_token_is_derived_again_from_the_same_id_and_secret_only() {
        let token = OneTimeToken::derive(&[7; 32], id('0')).reveal();
        assert_eq!(token, OneTimeToken::derive(&[7; 32], id('0')).reveal());
        assert_ne!(token, OneTimeToken::derive(&[7; 32], id('1')).reveal());
        assert_ne!(token, OneTimeToken::derive(&[8; 32], id('0')).reveal());
    }

    #[test]
    fn a_token_is_read_back_as_it_was_shown_and_any_other_text_is_refused() {
        let token = OneTimeToken::derive(&[7; 32], id('0'));
        let shown = token.reveal();
        assert_eq!(shown.len(), 43);
        for text in [shown.clone(), format!(" {shown}\r\n"), format!("{shown}\u{a0}")] {
            assert_eq!(
                OneTimeToken::parse(&text).unwrap().hash(),
                token.hash(),
                "{text:?}"
            );
        }
        for text in ["", "x", &shown[1..], &format!("{shown}A"), &format!("{shown}=")] {
            assert!(OneTimeToken::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_neither_the_token_nor_its_hash() {
        let token = OneTimeToken::derive(&[7; 32], id('0'));
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "OneTimeToken(..) OneTimeTokenHash(..)"
        );
    }
}
