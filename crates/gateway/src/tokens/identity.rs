//! Who is calling, once their token has been verified.

use std::sync::Arc;

use super::Claims;
use crate::domain::{AuthMethod, EmailAddress, RoleName, SessionId, TokenId, UserId};

/// A signed-in user. Only [`Verifier::verify`](super::Verifier::verify) makes one, so having one is the proof. A clone
/// shares the claims: many requests come with one token.
#[derive(Clone, Debug)]
pub struct Identity(Arc<Claims>);

impl Identity {
    pub(super) fn new(claims: Arc<Claims>) -> Self {
        Self(claims)
    }

    /// The user's id.
    pub fn user(&self) -> UserId {
        self.0.sub
    }

    /// The user's address, as of when the token was issued.
    pub fn email(&self) -> &EmailAddress {
        &self.0.email
    }

    /// The user's roles, as of when the token was issued.
    pub fn roles(&self) -> &[RoleName] {
        &self.0.roles
    }

    /// The session that the token belongs to.
    pub fn session(&self) -> SessionId {
        self.0.sid
    }

    /// The token's own id.
    pub fn token(&self) -> TokenId {
        self.0.jti
    }

    /// When the user signed in, in seconds since the Unix epoch: however often the session was refreshed since.
    pub fn signed_in_at(&self) -> u64 {
        self.0.auth_time
    }

    /// Whether the user has shown to have the second factor, too, when the session began.
    pub fn has_second_factor(&self) -> bool {
        self.0.amr.contains(&AuthMethod::Otp)
    }

    /// Whether the user had `role` when the token was issued.
    pub fn has_role(&self, role: &RoleName) -> bool {
        self.0.roles.contains(role)
    }
}
