//! Signing up.

use super::hash_password;
use crate::Failure;
use crate::domain::{EmailAddress, NewUser, User, UserId};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, Ports};
use crate::store::{Rule, Store, StoreError, one_time_tokens, users};

/// Why nobody was signed up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// The address has a user already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Makes a user of the role `customer`. Whether the address is free is not asked first: of many who ask at once all
/// would hear yes. The insert decides.
pub async fn sign_up<D: Database>(
    store: &Store<D>,
    new: NewUser,
    hasher: &Hasher<'_, impl Ports>,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<User, SignUpError> {
    let created = users::create(store, new, hash_password(hasher), clock, entropy).await;
    created.map_err(|failure| match failure {
        Failure::Store(StoreError::Refused(Rule::EmailTaken)) => SignUpError::EmailTaken,
        other => SignUpError::Failed(other),
    })
}

/// Tells the owner of an address that has an account that somebody wanted to sign up with it, instead of telling that somebody; and
/// gives the owner's id.
pub async fn tell_owner<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    clock: &impl Clock,
) -> Result<Option<UserId>, Failure> {
    Ok(one_time_tokens::claim_address(store, email, clock.now()).await?)
}
