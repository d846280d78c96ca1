//! What an access token says.

use serde::{Deserialize, Serialize};

use super::Epoch;
use crate::domain::{AuthMethod, EmailAddress, RoleName, SessionId, TokenId, UserId};

/// The claims of an access token. Reading them parses them: a token whose claims are of another shape is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// Whom it is for. Exactly one, as a string.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The user's address when the token was issued.
    pub email: EmailAddress,
    /// The user's roles when the token was issued.
    pub roles: Vec<RoleName>,
    /// The session it belongs to; ending that ends it.
    pub sid: SessionId,
    /// The user's epoch before any of this was read; a later one ends the token.
    pub epoch: Epoch,
    /// How its owner has shown who they are, when the session began (RFC 8176).
    pub amr: Vec<AuthMethod>,
    /// When that was, in seconds since the Unix epoch.
    pub auth_time: u64,
    /// When it was issued, in seconds since the Unix epoch.
    pub iat: u64,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid from then on.
    pub exp: u64,
    /// The token's own id.
    pub jti: TokenId,
}
