//! What the owner of an account does with it, for which being signed in is not enough: they show who they are again.

use super::TokenMaker;
use super::proof::{NotPresent, Shown, with_presence};
use crate::Failure;
use crate::domain::{EmailAddress, UserId};
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
    /// They have not shown enough of who they are.
    #[error(transparent)]
    NotPresent(NotPresent),
    /// Nobody else is an administrator.
    #[error("the last administrator stays")]
    LastAdmin,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl From<NotPresent> for AccountError {
    fn from(error: NotPresent) -> Self {
        match error {
            NotPresent::WrongPassword => Self::WrongPassword,
            NotPresent::Failed(Failure::Store(StoreError::Refused(Rule::LastAdmin))) => Self::LastAdmin,
            NotPresent::Failed(failure) => Self::Failed(failure),
            other => Self::NotPresent(other),
        }
    }
}

/// Asks to replace the user's address by `email`, which happens when the token that is sent there is used. Whether the address is
/// somebody else's is told to that somebody alone, whose id this gives.
pub async fn request_email_change<D: Database>(
    store: &Store<D>,
    user: UserId,
    email: &EmailAddress,
    shown: impl Into<Shown>,
    maker: &TokenMaker<'_, impl Clock, impl Entropy>,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<Option<UserId>, AccountError> {
    with_presence(
        store,
        user,
        shown.into(),
        (maker.clock, hasher),
        async |verified| {
            Ok(accounts::request_email_change(store, user, verified, email, &maker.make()).await?)
        },
    )
    .await
    .map_err(AccountError::from)
}

/// Deletes the user and everything that is theirs, and ends their access. What is left is their id, in the audit log.
pub async fn delete_account<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    user: UserId,
    shown: impl Into<Shown>,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<(), AccountError> {
    let gate = (announcer.clock(), hasher);
    with_presence(store, user, shown.into(), gate, async |verified| {
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
