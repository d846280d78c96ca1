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
    /// The user is one, but has not signed in with the second factor, which is required.
    #[error("the administrator has not signed in with the second factor")]
    SecondFactorMissing,
    /// Whether the user may cannot be told now.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Permitted<Admin> {
    /// Checks that the caller is an administrator, by the token and by the database: a token outlives the role it was
    /// issued with by up to its whole life, which is too long for somebody who may grant roles. And that they have signed in with the second factor, where that is
    /// required.
    pub async fn check<D: Database>(
        identity: &Identity,
        store: &Store<D>,
        require_second_factor: bool,
    ) -> Result<Self, NotPermitted> {
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
        if require_second_factor && !identity.has_second_factor() {
            return Err(NotPermitted::SecondFactorMissing);
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
