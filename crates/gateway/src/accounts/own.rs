//! What the owner of an account does with it, for which being signed in is not enough: they say their password again.

use super::TokenMaker;
use super::proof::with_password;
use crate::Failure;
use crate::domain::{EmailAddress, Password, UserId};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::{Rule, Store, StoreError, accounts, administration};

/// Why the account stayed as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The password is another.
    #[error("the password is wrong")]
    WrongPassword,
    /// Nobody else is an administrator.
    #[error("the last administrator stays")]
    LastAdmin,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for AccountError {
    fn from(error: E) -> Self {
        match error.into() {
            // The password is another, or another request changed it first.
            Failure::Store(StoreError::Refused(Rule::CredentialsChanged)) => Self::WrongPassword,
            Failure::Store(StoreError::Refused(Rule::LastAdmin)) => Self::LastAdmin,
            other => Self::Failed(other),
        }
    }
}

/// Asks to replace the user's address by `email`, which happens when the token that is sent there is used. Whether the address is
/// somebody else's is told to that somebody alone, whose id this gives.
pub async fn request_email_change<D: Database>(
    store: &Store<D>,
    user: UserId,
    email: &EmailAddress,
    password: Option<Password>,
    maker: &TokenMaker<'_, impl Clock, impl Entropy>,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<Option<UserId>, AccountError> {
    with_password(store, user, password, hasher, async |verified| {
        Ok(accounts::request_email_change(store, user, verified, email, &maker.make()).await?)
    })
    .await
    .map_err(AccountError::from)
}

/// Deletes the user and everything that is theirs, and ends their access. What is left is their id, in the audit log.
pub async fn delete_account<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    user: UserId,
    password: Option<Password>,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<(), AccountError> {
    with_password(store, user, password, hasher, async |verified| {
        let delete = async || {
            let done = accounts::delete(store, user, verified, announcer.now()).await;
            done.map_err(Failure::from)
        };
        // What is refused leaves the tokens good.
        if administration::is_last_admin(store, user).await? {
            return delete().await;
        }
        announcer.renounce(user, delete).await
    })
    .await
    .map_err(AccountError::from)
}
