//! Administering roles. Every function that changes or shows somebody else's takes the proof that its caller may.

mod notifications;
mod permission;

pub use permission::{Admin, NotPermitted, Permitted};

use crate::Failure;
use crate::domain::{EmailAddress, Role, RoleDescription, RoleName, User, UserId};
use crate::ports::{Clock, Database};
use crate::store::{Rule, Store, StoreError, roles, users};

/// Why a role was not created, deleted, granted or revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolesError {
    /// A rule of the schema refused it.
    #[error("refused by the rule {0:?}")]
    Refused(Rule),
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl From<StoreError> for RolesError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(rule) => Self::Refused(rule),
            other => Self::Failed(other.into()),
        }
    }
}

/// The administration of roles, for a caller who may.
#[derive(Debug)]
pub struct Administration<'a, D, C> {
    store: &'a Store<D>,
    clock: &'a C,
    caller: Permitted<Admin>,
}

impl<'a, D: Database, C: Clock> Administration<'a, D, C> {
    /// The administration, on behalf of `caller`.
    pub fn new(store: &'a Store<D>, clock: &'a C, caller: Permitted<Admin>) -> Self {
        Self { store, clock, caller }
    }

    /// At most `limit` roles after `after`, by name.
    pub async fn list_roles(&self, after: Option<&RoleName>, limit: u32) -> Result<Vec<Role>, RolesError> {
        Ok(roles::list(self.store, after, limit).await?)
    }

    /// Creates a role.
    pub async fn create_role(
        &self,
        name: &RoleName,
        description: &RoleDescription,
    ) -> Result<Role, RolesError> {
        Ok(roles::create(self.store, name, description, self.clock.now()).await?)
    }

    /// Deletes a role that is neither built in nor anybody's.
    pub async fn delete_role(&self, name: &RoleName) -> Result<(), RolesError> {
        Ok(roles::delete(self.store, name).await?)
    }

    /// At most `limit` users after `after`, in the order in which they signed up; with `email`, only that address's.
    pub async fn list_users(
        &self,
        email: Option<&EmailAddress>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, RolesError> {
        Ok(users::list(self.store, email, after, limit).await?)
    }

    /// A user.
    pub async fn user(&self, id: UserId) -> Result<User, RolesError> {
        users::find(self.store, id)
            .await?
            .ok_or(RolesError::Refused(Rule::UnknownUser))
    }

    /// Gives `user` the role; giving it again changes nothing.
    pub async fn grant(&self, user: UserId, role: &RoleName) -> Result<(), RolesError> {
        Ok(roles::grant(self.store, user, role, self.caller.user(), self.clock.now()).await?)
    }

    /// Takes the role from `user`; taking it again changes nothing. The last administrator stays one.
    pub async fn revoke(&self, user: UserId, role: &RoleName) -> Result<(), RolesError> {
        Ok(roles::revoke(self.store, user, role, self.caller.user(), self.clock.now()).await?)
    }
}
