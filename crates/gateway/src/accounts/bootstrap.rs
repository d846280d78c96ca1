//! The first administrator.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::hash_password;
use crate::Failure;
use crate::config::{ConfigError, MIN_SECRET_LENGTH, TOO_SHORT, text_of};
use crate::domain::{NewUser, Origin, User};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, Ports, Variables};
use crate::store::{Rule, Store, StoreError, users};

/// The secret that makes the first administrator, as configured. `Debug` does not show it.
pub struct BootstrapToken(String);

/// Why there is no first administrator now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// There is an administrator already.
    #[error("there is an administrator already")]
    AdminExists,
    /// The address has a user already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl BootstrapToken {
    /// Reads `bootstrap_token`, or `None` where it is empty, which turns the bootstrap off. Not trimmed: a secret is what it is.
    pub async fn read(variables: &impl Variables) -> Result<Option<Self>, ConfigError> {
        const NAME: &str = "bootstrap_token";
        match text_of(variables, NAME).await? {
            None => Ok(None),
            Some(token) if token.is_empty() => Ok(None),
            Some(token) if token.len() < MIN_SECRET_LENGTH => Err(ConfigError::new(NAME, TOO_SHORT)),
            Some(token) => Ok(Some(Self(token))),
        }
    }

    /// Whether `given` is the token, in a time that tells nothing of it, not even its length. The answer is the proof
    /// that [`bootstrap`] asks for.
    pub fn check(&self, given: &str) -> Option<MayBootstrap> {
        let same = Sha256::digest(given).ct_eq(&Sha256::digest(&self.0));
        bool::from(same).then_some(MayBootstrap(()))
    }
}

impl std::fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BootstrapToken(..)")
    }
}

/// The proof that the caller knows the bootstrap token.
#[derive(Debug)]
pub struct MayBootstrap(());

/// Makes the first administrator. Of many who try at once, the database lets one through.
pub async fn bootstrap<D: Database>(
    store: &Store<D>,
    _permission: MayBootstrap,
    new: NewUser,
    origin: &Origin,
    hasher: &Hasher<'_, impl Ports>,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<User, BootstrapError> {
    let hook = hash_password(hasher);
    let created = users::create_first_administrator(store, new, hook, origin, clock, entropy).await;
    created.map_err(|failure| match failure {
        Failure::Store(StoreError::Refused(Rule::AdminExists)) => BootstrapError::AdminExists,
        Failure::Store(StoreError::Refused(Rule::EmailTaken)) => BootstrapError::EmailTaken,
        other => BootstrapError::Failed(other),
    })
}
