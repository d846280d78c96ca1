//! The words of the gateway, as types that cannot be wrong: each has a private field and one `parse`, and whoever holds
//! one need not check it again. Nothing here knows HTTP, SQL or the Spin SDK.

mod asking_browser;
mod authentication;
mod bcrypt;
mod display_text;
mod email_address;
mod id;
mod one_time_token;
mod origin;
mod password;
mod password_hash;
mod password_policy;
mod pepper;
mod recovery_code;
mod refresh_token;
mod role;
mod signin_code;
mod time;
mod totp;
pub mod typed_code;
mod user;

pub use asking_browser::{AskingBrowser, AskingBrowserHash};
pub use authentication::{AuthMethod, Authentication};
pub use bcrypt::Bcrypt;
pub use display_text::DisplayText;
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use id::{EventId, InvalidId, OneTimeTokenId, SessionId, TokenId, UserId};
pub use one_time_token::{InvalidOneTimeToken, OneTimeToken, OneTimeTokenHash};
pub use origin::Origin;
pub use password::{InvalidPassword, Password};
pub use password_hash::{BcryptCost, InvalidBcryptCost, InvalidPasswordHash, PasswordHash};
pub use pepper::{InvalidPepperVersion, NoPreviousPepper, PepperVersion, Peppers};
pub use recovery_code::{InvalidRecoveryCode, RecoveryCode, RecoveryCodeHash};
pub use refresh_token::{InvalidRefreshToken, RefreshToken, RefreshTokenHash};
pub use role::{InvalidRoleDescription, InvalidRoleName, Role, RoleDescription, RoleName};
pub use signin_code::{InvalidSigninCode, SigninCode};
pub use time::{parse_rfc3339, rfc3339};
pub use totp::{InvalidTotpCode, TotpCode, TotpSecret, TotpStep};
pub use user::{Account, NewUser, User, UserToStore};

/// Why a text is not a value of some domain type: what the client may read (`Display`), and a name for it that stays
/// the same when the words change.
pub trait Invalid: std::error::Error {
    /// The stable name of the reason, in snake_case.
    fn code(&self) -> &'static str;
}
