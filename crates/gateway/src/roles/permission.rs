//! Permission as a value.

use std::marker::PhantomData;

use crate::Failure;
use crate::domain::{RoleName, UserId};
use crate::ports::Database;
use crate::store::{Store, roles};
use crate::tokens::Identity;

/// The permission to administer users and roles.
#[derive(Debug)]
pub enum Admin {}

/// The proof that a user has the permission `P`. There is no way to it but a check.
#[derive(Debug)]
pub struct Permitted<P> {
    user: UserId,
    permission: PhantomData<P>,
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPermitted {
    /// The user may not.
    #[error("the user is not an administrator")]
    Forbidden,
    /// Whether the user may cannot be told now.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Permitted<Admin> {
    /// Checks that the caller is an administrator, by the token and by the database: a token outlives the role it was
    /// issued with by up to its whole life, which is too long for somebody who may grant roles.
    pub async fn check<D: Database>(identity: &Identity, store: &Store<D>) -> Result<Self, NotPermitted> {
        let admin = RoleName::admin();
        if !identity.has_role(&admin) {
            return Err(NotPermitted::Forbidden);
        }
        if !roles::has(store, identity.user(), &admin)
            .await
            .map_err(Failure::from)?
        {
            return Err(NotPermitted::Forbidden);
        }
        Ok(Self {
            user: identity.user(),
            permission: PhantomData,
        })
    }
}

impl<P> Permitted<P> {
    /// Who has the permission.
    pub fn user(&self) -> UserId {
        self.user
    }
}
