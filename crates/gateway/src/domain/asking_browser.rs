//! The browser that has asked for a code by mail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::ports::Entropy;

/// What a browser was given for one request: 256 bits that nobody can guess. `Debug` shows nothing.
pub struct AskingBrowser([u8; 32]);

/// What the database keeps of an [`AskingBrowser`]. SHA-256 without salt or rounds is enough: nobody guesses 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskingBrowserHash([u8; 32]);

impl AskingBrowser {
    /// A new secret.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads what a client sent; `None` where it can be nobody's.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The secret as the browser has it. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    pub fn hash(&self) -> AskingBrowserHash {
        AskingBrowserHash(Sha256::digest(self.0).into())
    }
}

impl AskingBrowserHash {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for AskingBrowser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AskingBrowser(..)")
    }
}
