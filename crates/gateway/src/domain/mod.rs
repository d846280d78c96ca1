//! The words of the gateway, as types that cannot be wrong: each has a private field and one `parse`, and whoever holds
//! one need not check it again. Nothing here knows HTTP, SQL or the Spin SDK.

mod bcrypt;
mod email_address;
mod id;
mod password;
mod password_hash;
mod refresh_token;
mod role;
mod time;
mod user;

pub use bcrypt::Bcrypt;
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use id::{EventId, InvalidId, SessionId, TokenId, UserId};
pub use password::{InvalidPassword, Password};
pub use password_hash::{BcryptCost, InvalidBcryptCost, InvalidPasswordHash, PasswordHash};
pub use refresh_token::{InvalidRefreshToken, RefreshToken, RefreshTokenHash};
pub use role::{InvalidRoleDescription, InvalidRoleName, Role, RoleDescription, RoleName};
pub use time::{parse_rfc3339, rfc3339};
pub use user::{NewUser, User, UserToStore};

/// Why a text is not a value of some domain type: what the client may read (`Display`), and a name for it that stays
/// the same when the words change.
pub trait Invalid: std::error::Error {
    /// The stable name of the reason, in snake_case.
    fn code(&self) -> &'static str;
}
