//! Issuing access tokens.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header};

use super::{Claims, Epoch, SigningKey};
use crate::domain::{Authentication, TokenId, User};
use crate::ports::{Clock, Entropy};

/// Issues access tokens in one name, to one audience, for one span of time.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`.
    pub audience: String,
    /// How long a token is valid.
    pub lifetime: Duration,
}

/// An access token, ready to be sent. `Debug` does not show it.
pub struct AccessToken {
    text: String,
    /// How long it is valid.
    pub lifetime: Duration,
}

/// The token could not be signed; the library's own words, which do not name the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing a token: {0}")]
pub struct IssuingFailed(pub(super) String);

impl Issuer {
    /// Issues a token for `user`, in the session that `authentication` began. `epoch` is to have been read before `user`.
    pub fn issue(
        &self,
        key: &SigningKey,
        user: &User,
        authentication: &Authentication,
        epoch: Epoch,
        clock: &impl Clock,
        entropy: &impl Entropy,
    ) -> Result<AccessToken, IssuingFailed> {
        let now = clock.now().as_secs();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.id,
            email: user.email.clone(),
            roles: user.roles.clone(),
            sid: authentication.session,
            epoch,
            amr: authentication.methods.clone(),
            auth_time: authentication.at.as_secs(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(self.lifetime.as_secs()),
            jti: TokenId::generate(clock, entropy),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid().to_owned());
        let text = jsonwebtoken::encode(&header, &claims, &key.encoding_key()?)
            .map_err(|e| IssuingFailed(e.to_string()))?;
        Ok(AccessToken {
            text,
            lifetime: self.lifetime,
        })
    }
}

impl AccessToken {
    /// The token as the client sends it. Named so that it is seen where it is used.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(..)")
    }
}
