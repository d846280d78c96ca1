//! Publishing once the response is on its way.

use spin_sdk::wasip3::spawn;

use super::{SpinDatabases, SpinPublisher, SystemClock};
use crate::config::RedisServer;
use crate::domain::UserId;
use crate::events::{self, PublishingFailed};
use crate::http::RequestId;
use crate::log;
use crate::store::{self, Schema};

/// Publishes what has happened to `subject`, after the response and on a connection of its own. A failure is a line in the
/// log: the outbox still has the event.
pub fn publish_later(subject: UserId, redis: RedisServer, schema: &'static Schema, request_id: RequestId) {
    spawn(async move {
        if let Err(error) = publish(subject, redis, schema).await {
            log::warn(&request_id, "publish_failed", &[("cause", &error.to_string())]);
        }
    });
}

/// Publishes what waits, like [`publish_later`].
pub fn publish_waiting_later(redis: RedisServer, schema: &'static Schema, request_id: RequestId) {
    spawn(async move {
        if let Err(error) = publish_waiting(redis, schema).await {
            log::warn(&request_id, "publish_failed", &[("cause", &error.to_string())]);
        }
    });
}

async fn publish_waiting(redis: RedisServer, schema: &'static Schema) -> Result<(), PublishingFailed> {
    let store = store::connect(&SpinDatabases, schema).await?;
    events::publish_waiting(&store, &SpinPublisher::new(redis), &SystemClock).await
}

async fn publish(
    subject: UserId,
    redis: RedisServer,
    schema: &'static Schema,
) -> Result<(), PublishingFailed> {
    let store = store::connect(&SpinDatabases, schema).await?;
    events::publish(&store, &SpinPublisher::new(redis), &SystemClock, subject).await
}
