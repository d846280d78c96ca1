//! The tokens whose signatures an instance has verified: verifying one takes a hundred times as long as finding it here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use crate::locked::locked;
use crate::tokens::Claims;

/// An instance that meets more tokens than this forgets them all and verifies anew. Only good tokens get in.
const MAX_TOKENS: usize = 1024;

/// What a token is found by: the digest of its signature. Not the signature itself: how long a comparison with a secret takes
/// would say something about it. The rest of a token is no secret to whoever has its signature, and is compared as it is.
type SignatureDigest = [u8; 32];

/// What a verified signature says, for good: which key made it, and over what.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) kid: Arc<str>,
    pub(super) claims: Arc<Claims>,
}

#[derive(Debug, Default)]
pub(super) struct VerifiedTokens(Mutex<BTreeMap<SignatureDigest, Token>>);

#[derive(Debug)]
struct Token {
    /// Header and claims, as the token has them.
    signed: Box<str>,
    verified: Verified,
}

impl VerifiedTokens {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        let (signed, digest) = split(token);
        let tokens = locked(&self.0);
        let known = tokens.get(&digest).filter(|known| *known.signed == *signed)?;
        Some(known.verified.clone())
    }

    pub(super) fn insert(&self, token: &str, verified: Verified) {
        let (signed, digest) = split(token);
        let mut tokens = locked(&self.0);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        let signed = signed.into();
        tokens.insert(digest, Token { signed, verified });
    }
}

/// What is signed, and the digest of the signature. Of a text that is no token, nothing is signed.
fn split(token: &str) -> (&str, SignatureDigest) {
    let (signed, signature) = token.rsplit_once('.').unwrap_or(("", token));
    (signed, Sha256::digest(signature).into())
}
