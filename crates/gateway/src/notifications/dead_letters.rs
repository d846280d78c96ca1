//! Looking after notifications, for an administrator.

use crate::Failure;
use crate::domain::EventId;
use crate::ports::{Clock, Database};
use crate::roles::{Admin, Permitted};
use crate::store::notifications::{self, Notification, State};
use crate::store::{Rule, Store, StoreError};

/// Why a notification was not tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationsError {
    /// There is none of this id.
    #[error("there is no such notification")]
    Unknown,
    /// It has not been given up.
    #[error("the notification has not been given up")]
    NotDead,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl From<StoreError> for NotificationsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(Rule::UnknownNotification) => Self::Unknown,
            StoreError::Refused(Rule::NotificationNotDead) => Self::NotDead,
            other => Self::Failed(other.into()),
        }
    }
}

/// The notifications, for a caller who may see them.
#[derive(Debug)]
pub struct Notifications<'a, D, C> {
    store: &'a Store<D>,
    clock: &'a C,
    caller: &'a Permitted<Admin>,
}

impl<'a, D: Database, C: Clock> Notifications<'a, D, C> {
    /// The notifications, on behalf of `caller`.
    pub fn new(store: &'a Store<D>, clock: &'a C, caller: &'a Permitted<Admin>) -> Self {
        Self { store, clock, caller }
    }

    /// At most `limit` after `after`, in the order of their events; with `state`, only those in it.
    pub async fn list(
        &self,
        state: Option<State>,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Notification>, NotificationsError> {
        Ok(notifications::list(self.store, state, after, limit).await?)
    }

    /// Has one that was given up tried again, by the next sweep.
    pub async fn retry(&self, id: EventId) -> Result<Notification, NotificationsError> {
        notifications::retry(self.store, id, self.caller.user(), self.clock.now()).await?;
        notifications::find(self.store, id)
            .await?
            .ok_or(NotificationsError::Unknown)
    }
}
