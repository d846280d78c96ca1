//! The tokens of the native bound, which has no accounts: HS256, as the Express gateway's are.

use anyhow::{Context, Result};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// Known to this process alone, which makes the tokens and checks them, and to the servers it starts.
pub(crate) const SECRET: &str = "only-for-the-benchmark-on-127.0.0.1";

const ISSUER: &str = "bench";

/// As much as the Express gateway's tokens hold.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    email: String,
    roles: Vec<String>,
    iss: String,
    aud: String,
    iat: u64,
    exp: u64,
}

/// A token that outlasts the run.
pub(crate) fn mint() -> Result<String> {
    const LONG_FROM_NOW: u64 = 4_000_000_000;
    let claims = Claims {
        sub: "278208a0-95c2-4c4f-878b-f072e3a8060a".to_owned(),
        email: "ada@example.com".to_owned(),
        roles: vec!["customer".to_owned()],
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        iat: 0,
        exp: LONG_FROM_NOW,
    };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).context("a token cannot be made")
}

/// Checks tokens.
pub(crate) struct Verifier {
    key: DecodingKey,
    rules: Validation,
}

impl Verifier {
    pub(crate) fn new() -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[ISSUER]);
        Self {
            key: DecodingKey::from_secret(SECRET.as_bytes()),
            rules,
        }
    }

    /// Whose token this is, if it is good.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        Some(decode(token, &self.key, &self.rules).ok()?.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_checked() {
        let token = mint().unwrap();
        let verifier = Verifier::new();
        assert!(verifier.verify(&token).is_some());
        assert!(verifier.verify(&token[..token.len() - 2]).is_none());
    }
}
