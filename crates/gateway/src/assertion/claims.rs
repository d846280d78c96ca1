//! What an assertion says.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Subject;
use crate::domain::{EmailAddress, RoleName, SessionId, UserId};
use crate::ports::Timestamp;
use crate::tokens::Identity;

/// How long an assertion is good.
pub const LIFETIME: Duration = Duration::from_secs(30);

/// The longest target that an assertion repeats. A service that takes headers of so many bytes must get a request with a target
/// that it takes, and the assertion besides.
pub const MAX_TARGET: usize = 512;

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
    /// The target of the request: path and query, byte for byte; absent where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'a str>,
    /// Where the target is long, what stands for it: its SHA-256, in base64url without padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_sha256: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    pub iat: u64,
    /// Not good from then on.
    pub exp: u64,
}

impl<'a> AssertionClaims<'a> {
    /// What there is to say of a request by `caller`.
    pub fn new(issuer: &'a str, subject: &Subject<'a>, caller: Option<&'a Identity>, now: Timestamp) -> Self {
        let is_long = subject.target.len() > MAX_TARGET;
        let digest = || URL_SAFE_NO_PAD.encode(Sha256::digest(subject.target));
        Self {
            iss: issuer,
            aud: subject.service,
            sub: caller.map(Identity::user),
            email: caller.map(Identity::email),
            roles: caller.map_or(&[], Identity::roles),
            sid: caller.map(Identity::session),
            method: subject.method,
            target: (!is_long).then_some(subject.target),
            target_sha256: is_long.then(digest),
            iat: now.as_secs(),
            exp: now.after(LIFETIME).as_secs(),
        }
    }
}
