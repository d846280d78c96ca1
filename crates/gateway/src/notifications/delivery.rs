//! Delivery as the functions do it: on a connection of their own, with the mailer that is configured.

use super::{Courier, Malformed, Tally, WakeUp};
use crate::accounts::{ONE_TIME_TOKENS, one_time_token};
use crate::domain::EventId;
use crate::events::CloudEvent;
use crate::mail::{self, Language, Post, Renderer, UnsubscribeKeyCache};
use crate::ports::{OutboundHttp, Ports};
use crate::store::secrets::CachedSecret;
use crate::store::{self, Schema, StoreError};

/// What delivering takes, for both functions that do it: the one that Redis wakes and the one that sweeps.
#[derive(Debug)]
pub struct Delivery<'a, P, H> {
    /// The outside.
    pub ports: &'a P,
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
    /// How mail leaves.
    pub mail: &'a mail::Settings,
    /// The way to a provider of mail.
    pub http: &'a H,
    /// What this instance knows of the secrets that go into mails.
    pub secrets: &'a MailSecrets,
}

/// The secrets that go into mails, as an instance remembers them: one, as a `static`.
#[derive(Debug)]
pub struct MailSecrets {
    unsubscribe: UnsubscribeKeyCache,
    one_time_tokens: CachedSecret,
}

impl MailSecrets {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self {
            unsubscribe: UnsubscribeKeyCache::new(),
            one_time_tokens: CachedSecret::new(ONE_TIME_TOKENS),
        }
    }
}

impl Default for MailSecrets {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a message came to nothing. Nothing is lost by it: the next sweep takes what it was about.
#[derive(Debug, thiserror::Error)]
pub enum WakeUpError {
    /// It is none that we understand.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be delivered.
enum Work {
    One(EventId),
    AllDue,
}

impl<P: Ports, H: OutboundHttp> Delivery<'_, P, H> {
    /// Takes a message from a channel. Its events are told apart by what they are, as the channel's name does not come along.
    pub async fn wake_up(&self, payload: &[u8]) -> Result<Tally, WakeUpError> {
        match WakeUp::parse(payload)? {
            WakeUp::Ours(id) => Ok(self.deliver(Work::One(id)).await?),
            WakeUp::NotForUs => Ok(Tally::default()),
        }
    }

    /// Delivers whatever is due.
    pub async fn sweep(&self) -> Result<Tally, StoreError> {
        self.deliver(Work::AllDue).await
    }

    async fn deliver(&self, work: Work) -> Result<Tally, StoreError> {
        let store = store::connect(self.ports.databases(), self.schema).await?;
        let (clock, entropy) = (self.ports.clock(), self.ports.entropy());
        let unsubscribe = self.secrets.unsubscribe.get(&store, entropy).await?;
        let one_time_tokens = self.secrets.one_time_tokens.get(&store, entropy).await?;
        let renderer = Renderer {
            language: Language::English,
            links: &self.mail.links,
            unsubscribe: &unsubscribe,
            tokens: &|id| one_time_token(&one_time_tokens, id).reveal(),
        };
        let mailer = Post {
            settings: self.mail,
            store: &store,
            http: self.http,
            clock,
        };
        let courier = Courier {
            store: &store,
            mailer: &mailer,
            render: |event: &CloudEvent, to| renderer.render(event, to),
            clock,
            entropy,
        };
        match work {
            Work::One(id) => courier.deliver(id).await,
            Work::AllDue => courier.sweep().await,
        }
    }
}
