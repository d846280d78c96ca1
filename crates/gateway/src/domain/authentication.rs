//! How somebody has shown who they are.

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::ports::Timestamp;

/// A way to show who one is, by its name in RFC 8176, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMethod {
    /// A password.
    Pwd,
    /// A one-time password: a code of a device, or a recovery code.
    Otp,
    /// A code out of a mail. RFC 8176 has no name for it; `otp` would make a second factor of it.
    Email,
}

impl AuthMethod {
    /// The password alone.
    pub const PASSWORD: &[Self] = &[Self::Pwd];
    /// The password and the second factor.
    pub const TWO_FACTORS: &[Self] = &[Self::Pwd, Self::Otp];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Email => "email",
        }
    }
}

/// A session, and how and when it began: every access token of it says so, however often it is refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The session.
    pub session: SessionId,
    /// How its owner has shown who they are.
    pub methods: Vec<AuthMethod>,
    /// When.
    pub at: Timestamp,
}
