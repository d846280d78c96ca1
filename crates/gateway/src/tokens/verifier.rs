//! Verifying access tokens, strictly (RFC 8725): one algorithm, our own keys, every claim that we set.

mod cache;
mod compact;
mod strict_json;
#[cfg(test)]
mod tests;
mod verified;

use std::sync::Arc;
use std::time::Duration;

pub use self::cache::VerifierCache;
use self::compact::Compact;
use super::{Claims, Identity, Jwk};
use crate::ports::{Clock, KeyValue, KeyValueError, Timestamp};

/// A longer token is refused before anything of it is read.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How far the issuer's clock may be ahead of ours. The end of a token is exact: a clock that is wrong there costs the
/// client one refresh, not the owner of a stolen token more of its life.
pub const NBF_LEEWAY: Duration = Duration::from_secs(30);

/// Verifies access tokens against the published keys, the announced sign-outs and the users' epochs.
#[derive(Debug)]
pub struct Verifier<'a, K, C> {
    store: &'a K,
    clock: &'a C,
    cache: &'a VerifierCache,
    issuer: &'a str,
    audience: &'a str,
}

/// Why a token was refused. This is for the log; the client reads one answer for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// More than [`MAX_TOKEN_BYTES`].
    #[error("too long")]
    TooLong,
    /// Not three parts of base64url, or not the JSON that we write.
    #[error("malformed")]
    Malformed,
    /// Its header is not exactly `alg`, `typ` and `kid` of ours.
    #[error("a foreign header")]
    Header,
    /// Its key is not (or no longer) published.
    #[error("an unknown key")]
    UnknownKey,
    /// The key did not make this signature.
    #[error("a wrong signature")]
    Signature,
    /// Another issuer's, or for another audience.
    #[error("another issuer or audience")]
    Foreign,
    /// Past its end.
    #[error("expired")]
    Expired,
    /// Before its start, by more than [`NBF_LEEWAY`].
    #[error("not valid yet")]
    NotYetValid,
    /// Its session has ended, or what it says of its user has changed.
    #[error("its session has ended, or its user has changed")]
    Revoked,
}

/// Why nobody is known to be calling.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The token is no good.
    #[error("the access token was refused: {0}")]
    Rejected(#[from] Rejection),
    /// Whether the token is good cannot be told now.
    #[error(transparent)]
    Unavailable(#[from] KeyValueError),
}

impl<'a, K: KeyValue, C: Clock> Verifier<'a, K, C> {
    /// A verifier of tokens from `issuer` for `audience`. `cache` is to be the instance's one, and lasts longer than
    /// the request.
    pub fn new(
        store: &'a K,
        clock: &'a C,
        cache: &'a VerifierCache,
        issuer: &'a str,
        audience: &'a str,
    ) -> Self {
        Self {
            store,
            clock,
            cache,
            issuer,
            audience,
        }
    }

    /// Tells who holds `token`, the text after `Bearer `.
    pub async fn verify(&self, token: &str) -> Result<Identity, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong.into());
        }
        let now = self.clock.now();
        let claims = self.signed_claims(token, now).await?;
        if now.as_secs() >= claims.exp {
            return Err(Rejection::Expired.into());
        }
        if now.after(NBF_LEEWAY).as_secs() < claims.nbf {
            return Err(Rejection::NotYetValid.into());
        }
        if self.cache.is_revoked(&claims, now, self.store).await? {
            return Err(Rejection::Revoked.into());
        }
        Ok(Identity::new(claims))
    }

    /// The claims of `token`, if they are ours. A signature that has been verified need not be verified again: what can change
    /// is only whether its key is still published.
    async fn signed_claims(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, VerifyError> {
        if let Some(verified) = self.cache.verified(token)
            && verified.claims.iss == self.issuer
            && verified.claims.aud == self.audience
        {
            let published = self.cache.key(&verified.kid, now, self.store).await?;
            published.ok_or(Rejection::UnknownKey)?;
            return Ok(verified.claims);
        }
        let compact = Compact::parse(token)?;
        let key = self.cache.key(&compact.kid, now, self.store).await?;
        let claims = Arc::new(self.claims(&compact, &*key.ok_or(Rejection::UnknownKey)?)?);
        self.cache.remember(token, compact.kid, &claims);
        Ok(claims)
    }

    /// The claims of `token`, once its signature, issuer and audience are right. The times are left to the caller. None of it
    /// by the library that signs: its verification takes keys and signatures that the strict one of RFC 8032 does not.
    fn claims(&self, token: &Compact<'_>, key: &Jwk) -> Result<Claims, Rejection> {
        if !key.verifies(token.signed, &token.signature) {
            return Err(Rejection::Signature);
        }
        let claims: Claims = token.claims()?;
        if claims.iss != self.issuer || claims.aud != self.audience {
            return Err(Rejection::Foreign);
        }
        Ok(claims)
    }
}
