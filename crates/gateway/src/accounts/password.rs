//! Changing one's password.

use super::proof::with_password;
use crate::Failure;
use crate::domain::Password;
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::sessions::PasswordChange;
use crate::store::{Rule, Store, StoreError, sessions};
use crate::tokens::Identity;

/// Why the password stayed as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for ChangePasswordError {
    fn from(error: E) -> Self {
        match error.into() {
            // The password is another, or another request changed it first.
            Failure::Store(StoreError::Refused(Rule::CredentialsChanged)) => Self::WrongPassword,
            other => Self::Failed(other),
        }
    }
}

/// Changes the caller's password and ends all their other sessions.
///
/// `current` is `None` where what was given can be nobody's password.
pub async fn change_password<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    identity: &Identity,
    (current, new): (Option<Password>, &Password),
    hasher: &Hasher<'_, impl Ports>,
) -> Result<(), ChangePasswordError> {
    let user = identity.user();
    let ended = with_password(store, user, current, hasher, async |old| {
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
    Ok(announcer.announce(&ended).await?)
}
