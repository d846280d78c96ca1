//! The Redis trigger: a component takes the messages of a channel.
//!
//! As on Spin, there is one subscription for each server, its messages are handled one after another (by all components of
//! the channel at once), and an error of a handler is logged and dropped: Pub/Sub is a wake-up, never the record. Unlike
//! on Spin, a server that is away does not end the process, neither at the start nor later: the HTTP functions go on, and
//! the subscription is made again, with growing pauses, until the server is back.

mod guest;
mod subscriber;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use redis::Client;
use tokio::{sync::watch, task::JoinSet, time::timeout};

pub use self::guest::Guests;
use self::subscriber::Subscriber;
use crate::{app::App, template::Template, variables::Variables};

/// How long handlers may still run after the stop.
const DRAIN: Duration = Duration::from_secs(30);

/// Which components take the messages of each channel.
type Channels = BTreeMap<String, BTreeSet<String>>;

/// Takes a message.
#[async_trait]
pub trait MessageHandler: Send + Sync + 'static {
    /// Has `component` take a message with this payload.
    async fn handle(&self, component: &str, payload: Vec<u8>) -> anyhow::Result<()>;
}

/// What is wrong with the Redis triggers of an application. No address is shown: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template has no value.
    #[error("the Redis trigger `{trigger}`: {reason}")]
    Variable {
        /// The trigger's id.
        trigger: String,
        /// What is missing.
        reason: crate::variables::Error,
    },
    /// The trigger has no server.
    #[error(
        "the Redis trigger `{0}` has no address: give it one, or set [application.trigger.redis] address"
    )]
    NoAddress(String),
    /// The address is not a Redis URL.
    #[error("the address of the Redis trigger `{0}` is not a Redis URL such as redis://HOST:6379")]
    InvalidAddress(String),
}

/// The Redis triggers of an application.
#[derive(Debug)]
pub struct RedisTrigger {
    subscribers: Vec<Subscriber>,
}

impl RedisTrigger {
    /// The triggers of `app`, with the variables' values in place. Nothing is connected yet.
    pub fn new(app: &App, variables: &Variables) -> Result<Self, Error> {
        let mut servers: BTreeMap<String, (Client, Channels)> = BTreeMap::new();
        for trigger in &app.redis_triggers {
            let render = |template: &Template| {
                let named = |reason| Error::Variable {
                    trigger: trigger.id.clone(),
                    reason,
                };
                variables.render(template).map_err(named)
            };
            let address = trigger.address.as_ref().or(app.redis_default_address.as_ref());
            let address = render(address.ok_or_else(|| Error::NoAddress(trigger.id.clone()))?)?;
            let client =
                Client::open(address.as_str()).map_err(|_| Error::InvalidAddress(trigger.id.clone()))?;
            let (_, channels) = servers
                .entry(address)
                .or_insert_with(|| (client, Channels::new()));
            channels
                .entry(render(&trigger.channel)?)
                .or_default()
                .insert(trigger.component.clone());
        }
        let subscribers = servers
            .into_values()
            .map(|(client, channels)| Subscriber::new(client, channels))
            .collect();
        Ok(Self { subscribers })
    }

    /// Whether the application has no Redis trigger.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Hands messages to `handler` until `stop`, then lets the handlers that run finish, for half a minute at most.
    pub async fn run(self, handler: Arc<dyn MessageHandler>, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for subscriber in self.subscribers {
            tasks.spawn(subscriber.run(Arc::clone(&handler), stopped.clone()));
        }
        stop.await;
        stopping.send_replace(true);
        let drained = async { while tasks.join_next().await.is_some() {} };
        if timeout(DRAIN, drained).await.is_err() {
            eprintln!(
                "Some Redis messages were not handled within {} seconds and are dropped.",
                DRAIN.as_secs()
            );
        }
    }
}
