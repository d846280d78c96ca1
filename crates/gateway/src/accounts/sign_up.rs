//! Signing up.

use super::hash_password;
use crate::Failure;
use crate::domain::{NewUser, User};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, Ports};
use crate::store::{Rule, Store, StoreError, users};

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
