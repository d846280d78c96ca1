//! Looking after notifications: what nobody could be told, and trying it again.

use super::{Administration, RolesError};
use crate::domain::EventId;
use crate::ports::{Clock, Database, KeyValue};
use crate::store::Rule;
use crate::store::notifications::{self, Notification, State};

impl<D: Database, K: KeyValue, C: Clock> Administration<'_, D, K, C> {
    /// At most `limit` notifications after `after`, in the order of their events; with `state`, only those in it.
    pub async fn list_notifications(
        &self,
        state: Option<State>,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Notification>, RolesError> {
        Ok(notifications::list(self.store, state, after, limit).await?)
    }

    /// Has one that was given up tried again, by the next sweep.
    pub async fn retry_notification(&self, id: EventId) -> Result<Notification, RolesError> {
        notifications::retry(self.store, id, self.act()).await?;
        notifications::find(self.store, id)
            .await?
            .ok_or(RolesError::Refused(Rule::UnknownNotification))
    }
}
