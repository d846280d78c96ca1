//! Changing one's password.

use super::proof::{NotPresent, Shown, with_presence};
use crate::Failure;
use crate::domain::Password;
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::sessions::PasswordChange;
use crate::store::{Store, sessions};
use crate::tokens::Identity;

/// Why the password stayed as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// They have not shown enough of who they are.
    #[error(transparent)]
    NotPresent(NotPresent),
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl From<NotPresent> for ChangePasswordError {
    fn from(error: NotPresent) -> Self {
        match error {
            NotPresent::WrongPassword => Self::WrongPassword,
            NotPresent::Failed(failure) => Self::Failed(failure),
            other => Self::NotPresent(other),
        }
    }
}

/// Changes the caller's password and ends all their other sessions.
pub async fn change_password<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    identity: &Identity,
    (shown, new): (impl Into<Shown>, &Password),
    hasher: &Hasher<'_, impl Ports>,
) -> Result<(), ChangePasswordError> {
    let user = identity.user();
    let gate = (announcer.clock(), hasher);
    let ended = with_presence(store, user, shown.into(), gate, async |old| {
        let change = PasswordChange {
            user,
            session: identity.session(),
            old,
            new: &hasher.hash(new).await?,
        };
        Ok(sessions::change_password(store, &change, announcer.now()).await?)
    })
    .await?;
    // Announced after it is done, unlike a sign-out: it may be refused, when another session changes the password at
    // the same moment, and what has been announced cannot be taken back. If the announcement fails, the ended sessions
    // can no longer be refreshed, and their access tokens live on until they expire.
    announcer
        .announce(&ended)
        .await
        .map_err(|error| ChangePasswordError::Failed(error.into()))
}
