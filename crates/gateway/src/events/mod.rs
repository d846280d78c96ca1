//! What the rest of the platform hears of: CloudEvents 1.0 in JSON, on Redis.
//!
//! The outbox row that a trigger wrote with the change is the record. The message only wakes somebody up: it may be lost,
//! and it may come twice, with the same id.

mod cloud_event;

pub use cloud_event::CloudEvent;

use std::time::Duration;

use crate::Failure;
use crate::domain::UserId;
use crate::ports::{Clock, Database, PublishError, Publisher};
use crate::store::outbox::OutboxRow;
use crate::store::{Store, outbox};

/// The channel that the gateway publishes on.
pub const CHANNEL: &str = "jetway.events";

/// A request has published its events, or failed to, when they are this old.
const WAITING: Duration = Duration::from_secs(10);
/// Nobody is told of what is older.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);
/// As many are published at once.
const AT_ONCE: u32 = 500;

/// Why events are still waiting in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishingFailed {
    /// The broker did not take one.
    #[error(transparent)]
    Broker(#[from] PublishError),
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl From<crate::store::StoreError> for PublishingFailed {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Publishes what has happened to `subject` and nobody has been told of. To be called once the response is on its way:
/// no answer waits for the broker.
pub async fn publish<D: Database>(
    store: &Store<D>,
    publisher: &impl Publisher,
    clock: &impl Clock,
    subject: UserId,
) -> Result<(), PublishingFailed> {
    for row in outbox::unpublished(store, subject).await? {
        publish_row(store, publisher, clock, row).await?;
    }
    Ok(())
}

/// Publishes what has waited for longer than a request takes to publish it: reminders, and what the broker did not take. News that is
/// a day old is none. Ends at the first that the broker does not take.
pub async fn publish_waiting<D: Database>(
    store: &Store<D>,
    publisher: &impl Publisher,
    clock: &impl Clock,
) -> Result<(), PublishingFailed> {
    let now = clock.now();
    let (since, until) = (now.before(OLD), now.before(WAITING));
    for row in outbox::waiting(store, since, until, AT_ONCE).await? {
        publish_row(store, publisher, clock, row).await?;
    }
    Ok(())
}

async fn publish_row<D: Database>(
    store: &Store<D>,
    publisher: &impl Publisher,
    clock: &impl Clock,
    row: OutboxRow,
) -> Result<(), PublishingFailed> {
    let id = row.id.clone();
    let event = CloudEvent::from_row(row)?;
    publisher.publish(CHANNEL, &event.to_json()?).await?;
    // After, not before: a crash in between tells the event twice, which a reader can see by its id.
    outbox::mark_published(store, &id, clock.now()).await?;
    Ok(())
}
