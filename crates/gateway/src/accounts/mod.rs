//! Accounts: signing up, the first administrator, changing the password.

mod bootstrap;
mod hashing;
mod password;
mod sign_up;

pub use bootstrap::{BootstrapError, BootstrapToken, MayBootstrap, bootstrap};
pub use hashing::hash_password;
pub use password::{ChangePasswordError, change_password};
pub use sign_up::{SignUpError, sign_up};
