//! Changing one's password.

use crate::Failure;
use crate::domain::Password;
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::sessions::PasswordChange;
use crate::store::{Rule, Store, StoreError, sessions, users};
use crate::tokens::Identity;

/// How often the current password is checked, where its hash changes while it is.
const ATTEMPTS: u32 = 2;

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
            // Another request changed it first.
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
    let current = current.ok_or(ChangePasswordError::WrongPassword)?;
    let mut attempts = 1..=ATTEMPTS;
    let ended = loop {
        let user = identity.user();
        let old = users::password_hash(store, user)
            .await?
            .ok_or(ChangePasswordError::WrongPassword)?;
        if !hasher.verify(&old, &current).await? {
            return Err(ChangePasswordError::WrongPassword);
        }
        let new = hasher.hash(new).await?;
        let change = PasswordChange {
            user,
            session: identity.session(),
            old: &old,
            new: &new,
        };
        attempts.next();
        match sessions::change_password(store, &change, announcer.now()).await {
            // Another request changed it first, or a sign-in made its hash new: then the current password still matches.
            Err(StoreError::Refused(Rule::CredentialsChanged)) if !attempts.is_empty() => {}
            changed => break changed?,
        }
    };
    // Announced after it is done, unlike a sign-out: it may be refused, when another session changes the password at
    // the same moment, and what has been announced cannot be taken back. If the announcement fails, the ended sessions
    // can no longer be refreshed, and their access tokens live on until they expire.
    Ok(announcer.announce(&ended).await?)
}
