//! Who is calling, once their token has been verified.

use crate::domain::{EmailAddress, RoleName, SessionId, UserId};

/// A signed-in user. Only [`Verifier::verify`](super::Verifier::verify) makes one, so having one is the proof.
#[derive(Clone, Debug)]
pub struct Identity {
    user: UserId,
    email: EmailAddress,
    roles: Vec<RoleName>,
    session: SessionId,
}

impl Identity {
    pub(super) fn new(claims: super::Claims) -> Self {
        Self {
            user: claims.sub,
            email: claims.email,
            roles: claims.roles,
            session: claims.sid,
        }
    }

    /// The user's id.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The user's address, as of when the token was issued.
    pub fn email(&self) -> &EmailAddress {
        &self.email
    }

    /// The user's roles, as of when the token was issued.
    pub fn roles(&self) -> &[RoleName] {
        &self.roles
    }

    /// The session that the token belongs to.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether the user had `role` when the token was issued.
    pub fn has_role(&self, role: &RoleName) -> bool {
        self.roles.contains(role)
    }
}
