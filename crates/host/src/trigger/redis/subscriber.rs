//! The subscription to one server.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::join_all};
use redis::{
    Client, Msg, RedisResult,
    aio::{PubSub, PubSubSink, PubSubStream},
};
use tokio::{
    sync::watch,
    time::{Instant, interval_at, sleep, timeout},
};

use super::{Channels, MessageHandler};
use crate::backends::redis::{CONNECT_TIMEOUT, RESPONSE_TIMEOUT};

/// The pause before the first try to connect again; it doubles with every try that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often a silent server is asked whether it is there: a connection that broke without a word is not noticed
/// otherwise, as a subscriber sends nothing.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Subscribes to channels of one server.
pub(super) struct Subscriber {
    client: Client,
    channels: Channels,
}

impl fmt::Debug for Subscriber {
    /// Without the whole URL, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels = &self.channels;
        formatter
            .debug_struct("Subscriber")
            .field("channels", channels)
            .finish_non_exhaustive()
    }
}

impl Subscriber {
    pub(super) fn new(client: Client, channels: Channels) -> Self {
        Self { client, channels }
    }

    /// Handles messages until told to stop, and connects again whenever the connection is lost.
    pub(super) async fn run(self, handler: Arc<dyn MessageHandler>, mut stopped: watch::Receiver<bool>) {
        let server = self.client.get_connection_info().addr().to_string();
        let mut pause = FIRST_PAUSE;
        let mut lost = false;
        loop {
            let connected = tokio::select! {
                () = until_stopped(&mut stopped) => return,
                connected = self.subscribe() => connected,
            };
            match connected {
                Ok(subscription) => {
                    if std::mem::take(&mut lost) {
                        eprintln!("Redis at {server} is back: messages are received again.");
                    }
                    pause = FIRST_PAUSE;
                    if self.receive(subscription, handler.as_ref(), &mut stopped).await == Ended::Stopped {
                        return;
                    }
                    lost = true;
                    eprintln!("The connection to Redis at {server} is lost; connecting again.");
                }
                Err(error) => {
                    // Once is enough: the tries go on for as long as the server is away.
                    if !std::mem::replace(&mut lost, true) {
                        eprintln!(
                            "Redis at {server} cannot be reached ({error}); trying again until it can."
                        );
                    }
                }
            }
            tokio::select! {
                () = until_stopped(&mut stopped) => return,
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    async fn subscribe(&self) -> RedisResult<PubSub> {
        let connect = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            for channel in self.channels.keys() {
                subscription.subscribe(channel).await?;
            }
            Ok(subscription)
        };
        timeout(CONNECT_TIMEOUT + RESPONSE_TIMEOUT, connect)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    /// Handles messages until the connection is lost or the process stops.
    async fn receive(
        &self,
        subscription: PubSub,
        handler: &dyn MessageHandler,
        stopped: &mut watch::Receiver<bool>,
    ) -> Ended {
        let (mut sink, mut messages): (PubSubSink, PubSubStream) = subscription.split();
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            tokio::select! {
                () = until_stopped(stopped) => return Ended::Stopped,
                message = messages.next() => match message {
                    Some(message) => self.handle(&message, handler).await,
                    None => return Ended::Lost,
                },
                _ = ping.tick() => {
                    if !matches!(timeout(RESPONSE_TIMEOUT, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
                        return Ended::Lost;
                    }
                }
            }
        }
    }

    async fn handle(&self, message: &Msg, handler: &dyn MessageHandler) {
        let Some(components) = self.channels.get(message.get_channel_name()) else {
            return;
        };
        let handled = components.iter().map(|component| async move {
            if let Err(error) = handler
                .handle(component, message.get_payload_bytes().to_vec())
                .await
            {
                eprintln!("A message to `{component}` failed: {error:#}");
            }
        });
        join_all(handled).await;
    }
}

async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // Where nobody is left to say it, that is the end too.
    stopped.wait_for(|stopped| *stopped).await.ok();
}

/// Why no more messages come.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// The process stops.
    Stopped,
    /// The connection is gone.
    Lost,
}
