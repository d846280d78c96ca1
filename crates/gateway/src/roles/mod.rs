//! Administering roles and users. Every function that changes or shows somebody else's takes the proof that its caller may, and every
//! change is in the audit log with who made it and from where.

mod notifications;
mod permission;
mod users;

pub use permission::{Admin, NotPermitted, Permitted};

use crate::Failure;
use crate::domain::{Origin, Role, RoleDescription, RoleName, UserId};
use crate::ports::{Clock, Database, KeyValue};
use crate::sessions::renounce;
use crate::store::administration::Act;
use crate::store::audit::{self, AuditEvent, AuditFilter};
use crate::store::{Rule, Store, StoreError, roles};

/// Why something was not administered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolesError {
    /// A rule of the schema refused it.
    #[error("refused by the rule {0:?}")]
    Refused(Rule),
    /// The user has no open session of that id.
    #[error("the user has no open session of this id")]
    UnknownSession,
    /// What weakens the caller's own account is not done by this door.
    #[error("the account is the caller's own")]
    OwnAccount,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for RolesError {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Store(StoreError::Refused(rule)) => Self::Refused(rule),
            other => Self::Failed(other),
        }
    }
}

/// The administration of roles and users, for a caller who may. Taking a role from somebody makes their access tokens worthless.
#[derive(Debug)]
pub struct Administration<'a, D, K, C> {
    store: &'a Store<D>,
    key_value: &'a K,
    clock: &'a C,
    caller: Permitted<Admin>,
    origin: Origin,
}

impl<'a, D: Database, K: KeyValue, C: Clock> Administration<'a, D, K, C> {
    /// The administration, on behalf of `caller`, whose request came from `origin`.
    pub fn new(
        store: &'a Store<D>,
        key_value: &'a K,
        clock: &'a C,
        caller: Permitted<Admin>,
        origin: Origin,
    ) -> Self {
        Self {
            store,
            key_value,
            clock,
            caller,
            origin,
        }
    }

    /// An act of the caller's, now.
    fn act(&self) -> Act<'_> {
        Act {
            actor: self.caller.user(),
            at: self.clock.now(),
            origin: &self.origin,
        }
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
        Ok(roles::create(self.store, name, description, self.act()).await?)
    }

    /// Deletes a role that is neither built in nor anybody's.
    pub async fn delete_role(&self, name: &RoleName) -> Result<(), RolesError> {
        Ok(roles::delete(self.store, name, self.act()).await?)
    }

    /// Gives `user` the role; giving it again changes nothing. Their access tokens stay good: they only say less than is true.
    pub async fn grant(&self, user: UserId, role: &RoleName) -> Result<(), RolesError> {
        Ok(roles::grant(self.store, user, role, self.act()).await?)
    }

    /// Takes the role from `user`; taking it again changes nothing. The last administrator stays one.
    pub async fn revoke(&self, user: UserId, role: &RoleName) -> Result<(), RolesError> {
        let revoke = async || Ok(roles::revoke(self.store, user, role, self.act()).await?);
        // What takes nothing away, because it is refused or done already, leaves the tokens good.
        if roles::can_be_taken(self.store, user, role).await? {
            renounce(self.key_value, user, revoke).await
        } else {
            revoke().await
        }
    }

    /// At most `limit` entries of the audit log, the newest first.
    pub async fn audit(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEvent>, RolesError> {
        Ok(audit::list(self.store, filter, limit).await?)
    }
}
