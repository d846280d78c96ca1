//! What an assertion says.

use std::time::Duration;

use serde::Serialize;

use super::Subject;
use crate::domain::{EmailAddress, RoleName, SessionId, UserId};
use crate::ports::Timestamp;
use crate::tokens::Identity;

/// How long an assertion is good.
pub const LIFETIME: Duration = Duration::from_secs(30);

/// The claims of an assertion.
#[derive(Clone, Debug, Serialize)]
pub struct AssertionClaims<'a> {
    /// The gateway.
    pub iss: &'a str,
    /// The service: `flights` or `bookings`.
    pub aud: &'a str,
    /// The user; absent where nobody is signed in, and then so are the address and the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<UserId>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a EmailAddress>,
    /// The user's roles; none where nobody is signed in.
    pub roles: &'a [RoleName],
    /// The user's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The method of the request.
    pub method: &'a str,
    /// The target of the request: path and query, byte for byte.
    pub target: &'a str,
    /// When it was made, in seconds since the Unix epoch.
    pub iat: u64,
    /// Not good from then on.
    pub exp: u64,
}

impl<'a> AssertionClaims<'a> {
    /// What there is to say of a request by `caller`.
    pub fn new(issuer: &'a str, subject: &Subject<'a>, caller: Option<&'a Identity>, now: Timestamp) -> Self {
        Self {
            iss: issuer,
            aud: subject.service,
            sub: caller.map(Identity::user),
            email: caller.map(Identity::email),
            roles: caller.map_or(&[], Identity::roles),
            sid: caller.map(Identity::session),
            method: subject.method,
            target: subject.target,
            iat: now.as_secs(),
            exp: now.after(LIFETIME).as_secs(),
        }
    }
}
