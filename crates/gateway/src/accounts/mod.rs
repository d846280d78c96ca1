//! Accounts: signing up, the first administrator, changing the password, tokens out of mails.

mod bootstrap;
mod hashing;
mod mail;
mod own;
mod password;
mod proof;
mod sign_up;

pub use bootstrap::{BootstrapError, BootstrapToken, MayBootstrap, bootstrap};
pub use hashing::hash_password;
pub use mail::{
    ONE_TIME_TOKENS, Purpose, TokenError, TokenMaker, one_time_token, request_mail, reset_password,
    verify_email,
};
pub use own::{AccountError, delete_account, request_email_change};
pub use password::{ChangePasswordError, change_password};
pub use proof::{NotPresent, Shown};
pub use sign_up::{SignUpError, sign_up, tell_owner};
