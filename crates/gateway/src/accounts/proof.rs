//! Acts of a user's own for which they say their password again.

use crate::Failure;
use crate::domain::{Password, PasswordHash, UserId};
use crate::hashing::Hasher;
use crate::ports::{Database, Ports};
use crate::store::{Rule, Store, StoreError, users};

/// How often the password is checked, where its hash changes while it is.
const ATTEMPTS: u32 = 2;

/// Does `act` for whoever knows the user's password; `None` stands for what can be nobody's. For whoever does not, it is refused by
/// [`Rule::CredentialsChanged`].
///
/// The act is given the hash that the password was checked against, and is to be refused by the same rule where that is no longer the
/// user's. Then the password is checked once more: a sign-in may have made the hash new meanwhile, and it still matches.
pub(super) async fn with_password<T, D: Database>(
    store: &Store<D>,
    user: UserId,
    password: Option<Password>,
    hasher: &Hasher<'_, impl Ports>,
    act: impl AsyncFn(&PasswordHash) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let wrong = || Failure::Store(StoreError::Refused(Rule::CredentialsChanged));
    let password = password.ok_or_else(wrong)?;
    let mut attempts = 1..=ATTEMPTS;
    loop {
        let hash = users::password_hash(store, user).await?.ok_or_else(wrong)?;
        if !hasher.verify(&hash, &password).await? {
            return Err(wrong());
        }
        attempts.next();
        match act(&hash).await {
            Err(Failure::Store(StoreError::Refused(Rule::CredentialsChanged))) if !attempts.is_empty() => {}
            done => return done,
        }
    }
}
