//! A user, in the three forms it takes: as given, as stored, as shown.

use serde::Serialize;

use super::{EmailAddress, Password, PasswordHash, RoleName, UserId};

/// A new user as given, with the plain password.
#[derive(Debug)]
pub struct NewUser {
    /// Where the user is reached, and what signs in.
    pub email: EmailAddress,
    /// What proves that it is the user.
    pub password: Password,
}

/// A new user as stored: what the before-create hook makes of a [`NewUser`].
#[derive(Debug)]
pub struct UserToStore {
    /// Where the user is reached, and what signs in.
    pub email: EmailAddress,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
}

/// A user as administrators see it, with the state of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// Whether an administrator lets nobody sign in.
    pub disabled: bool,
    /// Whether the owner of the address has shown to have it.
    pub email_verified: bool,
}

/// A user as shown to those who may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Where the user is reached, and what signs in.
    pub email: EmailAddress,
    /// What the user may do, in alphabetical order.
    pub roles: Vec<RoleName>,
    /// When the user signed up (RFC 3339, UTC).
    pub created_at: String,
}
