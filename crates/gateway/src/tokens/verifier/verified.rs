//! The tokens whose signatures an instance has verified: verifying one takes a hundred times as long as finding it here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use crate::locked::locked;
use crate::tokens::Claims;

/// An instance that meets more tokens than this forgets them all and verifies anew. Only good tokens get in.
const MAX_TOKENS: usize = 1024;

/// What a token is found by. Not the token itself: how long a comparison with a secret takes would say something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// What a verified signature says, for good: which key made it, and over what.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) kid: Arc<str>,
    pub(super) claims: Arc<Claims>,
}

#[derive(Debug, Default)]
pub(super) struct VerifiedTokens(Mutex<BTreeMap<TokenDigest, Verified>>);

impl VerifiedTokens {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub(super) fn get(&self, token: &TokenDigest) -> Option<Verified> {
        locked(&self.0).get(token).cloned()
    }

    pub(super) fn insert(&self, token: TokenDigest, verified: Verified) {
        let mut tokens = locked(&self.0);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(token, verified);
    }
}
