//! What becomes of bookings, told to the platform as CloudEvents (docs/events.md) on a channel of Redis.
//!
//! Redis forgets a message at once, and nobody may be listening just then. So an event counts as told when a subscriber has got
//! it; until then it waits.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisError};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::store::Booking;
use crate::outbox::{Delivery, Outbox};

const CHANNEL: &str = "bookings.events";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What has become of a booking.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Confirmed,
    Changed,
    Cancelled,
}

/// Tells the platform; or nobody, where there is no Redis.
pub(crate) struct Events {
    outbox: Option<Outbox<String>>,
}

impl Events {
    /// For a service that has nobody to tell.
    pub(crate) fn to_nobody() -> Self {
        Self { outbox: None }
    }

    /// Published on the Redis at `url`, which may be there later; and the task that does it. An error means that this is no URL
    /// of a Redis.
    pub(crate) fn on_redis(url: &str) -> Result<(Self, JoinHandle<()>), RedisError> {
        let publisher = Publisher {
            client: Client::open(url)?,
            connection: None,
        };
        let (outbox, task) = Outbox::start(publisher);
        Ok((Self { outbox: Some(outbox) }, task))
    }

    /// Tells what has become of the booking, after what was told before. The caller does not wait.
    pub(super) fn tell(&self, happening: Happening, booking: &Booking) {
        let Some(outbox) = &self.outbox else {
            return;
        };
        match serde_json::to_string(&CloudEvent::new(happening, booking)) {
            Ok(event) => outbox.put(event),
            Err(error) => eprintln!("An event cannot be written: {error}"),
        }
    }
}

/// A CloudEvent 1.0 in its JSON format.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: Uuid,
    source: &'static str,
    r#type: &'static str,
    subject: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    time: OffsetDateTime,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    booking_id: Uuid,
    user_id: &'a str,
    flight: Flight<'a>,
    #[serde(with = "time::serde::rfc3339")]
    departure_at: OffsetDateTime,
}

#[derive(Serialize)]
struct Flight<'a> {
    number: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> CloudEvent<'a> {
    fn new(happening: Happening, booking: &'a Booking) -> Self {
        Self {
            specversion: "1.0",
            id: Uuid::now_v7(),
            source: "/bookings",
            r#type: match happening {
                Happening::Confirmed => "com.jetway.booking.confirmed.v1",
                Happening::Changed => "com.jetway.booking.changed.v1",
                Happening::Cancelled => "com.jetway.booking.cancelled.v1",
            },
            subject: booking.id,
            time: OffsetDateTime::now_utc().truncate_to_millisecond(),
            datacontenttype: "application/json",
            data: Data {
                booking_id: booking.id,
                user_id: &booking.user_id,
                flight: Flight {
                    number: &booking.flight_number,
                    from: &booking.from,
                    to: &booking.to,
                },
                departure_at: booking.departs_at,
            },
        }
    }
}

/// A connection to Redis that is made when it is needed.
struct Publisher {
    client: Client,
    connection: Option<MultiplexedConnection>,
}

impl Publisher {
    async fn publish(&mut self, event: &str) -> Result<u64, RedisError> {
        // Put back only after an answer: a connection that failed is not used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT_TIMEOUT))
                    .set_response_timeout(Some(RESPONSE_TIMEOUT));
                self.client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await?
            }
        };
        let listeners = connection.publish(CHANNEL, event).await?;
        self.connection = Some(connection);
        Ok(listeners)
    }
}

impl Delivery for Publisher {
    type Item = String;
    const TO: &'static str = "whoever listens for bookings";

    async fn deliver(&mut self, event: &String) -> Result<(), String> {
        match self.publish(event).await {
            Ok(0) => Err("nobody is there".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}
