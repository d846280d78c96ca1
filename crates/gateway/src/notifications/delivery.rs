//! Delivery as the functions do it: on a connection of their own, with the mailer that is configured.

use std::time::Duration;

use super::{Courier, Malformed, Settings, Tally, WakeUp};
use crate::accounts::{ONE_TIME_TOKENS, one_time_token};
use crate::bookings::BookingEvent;
use crate::domain::EventId;
use crate::events::CloudEvent;
use crate::log;
use crate::mail::{Language, Post, Renderer, UnsubscribeKeyCache};
use crate::ports::{Clock, Databases, GiveWay, OutboundHttp, Ports};
use crate::sessions::signin_code;
use crate::store::secrets::CachedSecret;
use crate::store::{
    self, Rule, Schema, Store, StoreError, bookings, notifications, refused_messages, reminders,
};

/// The pause before the second try to take an event about a booking, in seconds; it doubles. Redis tells of an event once: what is
/// not taken is lost.
const FIRST_PAUSE: u64 = 1;
/// A minute in all.
const LAST_PAUSE: u64 = 32;
/// How many reminders become events in one statement, which holds up other writers as long as it takes, ...
const REMINDERS: u32 = 500;
/// ... and how often in a sweep, which must end.
const REMINDER_ROUNDS: u32 = 20;

/// What delivering takes, for both functions that do it: the one that Redis wakes and the one that sweeps.
#[derive(Debug)]
pub struct Delivery<'a, P, H> {
    /// The outside.
    pub ports: &'a P,
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
    /// The variables.
    pub settings: &'a Settings,
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

/// What is to be delivered.
enum Work {
    One(EventId),
    AllDue,
}

/// The connection of a delivery.
type StoreOf<P> = Store<<<P as Ports>::Databases as Databases>::Connection>;

impl<P: Ports, H: OutboundHttp> Delivery<'_, P, H> {
    /// Takes a message from a channel. Its events are told apart by what they are, as the channel's name does not come along. One that
    /// nobody understands is kept with the reason.
    pub async fn wake_up(&self, payload: &[u8]) -> Result<Tally, StoreError> {
        match WakeUp::parse(payload) {
            Ok(WakeUp::Ours(id)) => self.deliver(&self.connect().await?, Work::One(id)).await,
            Ok(WakeUp::Booking(event)) => self.hear_of_booking(&event).await,
            Ok(WakeUp::NotForUs) => Ok(Tally::default()),
            Err(malformed) => self.refuse(payload, &malformed).await,
        }
    }

    /// Takes an event about a booking, and leaves it to the next sweep to tell of it.
    pub async fn take(&self, event: &BookingEvent) -> Result<(), StoreError> {
        self.take_on(&self.connect().await?, event).await.map(drop)
    }

    /// Delivers whatever is due, and clears away what is long over.
    pub async fn sweep(&self) -> Result<Tally, StoreError> {
        let store = self.connect().await?;
        let now = self.ports.clock().now();
        reminders::drop_outdated(&store, now).await?;
        for _ in 0..REMINDER_ROUNDS {
            if reminders::make_events(&store, now, REMINDERS).await? < u64::from(REMINDERS) {
                break;
            }
        }
        let tally = self.deliver(&store, Work::AllDue).await?;
        // What was told has been told, whether or not there is order afterwards.
        if let Err(error) = notifications::clear_away(&store, now).await {
            log::background("clearing_failed", &[("cause", &error.to_string())]);
        }
        Ok(tally)
    }

    async fn hear_of_booking(&self, event: &BookingEvent) -> Result<Tally, StoreError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.try_booking(event).await {
                Err(error @ (StoreError::Busy | StoreError::Failed(_))) => error,
                end => return end,
            };
            if pause > LAST_PAUSE {
                let (source, id) = (event.source.as_str(), event.id.as_str());
                log::background("booking_event_lost", &[("source", source), ("id", id)]);
                return Err(error);
            }
            self.ports.way().pause(Duration::from_secs(pause)).await;
            pause *= 2;
        }
    }

    async fn try_booking(&self, event: &BookingEvent) -> Result<Tally, StoreError> {
        let store = self.connect().await?;
        match self.take_on(&store, event).await {
            Ok(id) => {
                // It is taken: what fails from here on is the next sweep's.
                self.deliver(&store, Work::One(id)).await.or_else(|error| {
                    log::background("wake_up_failed", &[("cause", &error.to_string())]);
                    Ok(Tally::default())
                })
            }
            Err(StoreError::Refused(Rule::UnknownUser)) => {
                // Not what it says: whoever had an account here may have left.
                let named = format!("source {:?}, id {:?}", event.source, event.id);
                let now = self.ports.clock().now();
                refused_messages::keep(&store, named.as_bytes(), "there is no such user", now).await?;
                log::background("message_refused", &[]);
                Ok(Tally::default())
            }
            Err(error) => Err(error),
        }
    }

    async fn take_on(&self, store: &StoreOf<P>, event: &BookingEvent) -> Result<EventId, StoreError> {
        let (clock, entropy) = (self.ports.clock(), self.ports.entropy());
        let id = EventId::generate(clock, entropy);
        bookings::take(store, event, id, &self.settings.reminder_offsets, clock.now()).await?;
        Ok(id)
    }

    async fn refuse(&self, payload: &[u8], malformed: &Malformed) -> Result<Tally, StoreError> {
        // The words are not for the log: they may repeat some of the message.
        log::background("message_refused", &[]);
        let store = self.connect().await?;
        let now = self.ports.clock().now();
        refused_messages::keep(&store, payload, &malformed.to_string(), now).await?;
        Ok(Tally::default())
    }

    async fn connect(&self) -> Result<StoreOf<P>, StoreError> {
        store::connect(self.ports.databases(), self.schema).await
    }

    async fn deliver(&self, store: &StoreOf<P>, work: Work) -> Result<Tally, StoreError> {
        let (clock, entropy) = (self.ports.clock(), self.ports.entropy());
        let unsubscribe = self.secrets.unsubscribe.get(store, entropy).await?;
        let one_time_tokens = self.secrets.one_time_tokens.get(store, entropy).await?;
        let renderer = Renderer {
            language: Language::English,
            links: &self.settings.mail.links,
            unsubscribe: &unsubscribe,
            tokens: &|id| one_time_token(&one_time_tokens, id).reveal(),
            codes: &|id| signin_code(&one_time_tokens, id).reveal(),
        };
        let mailer = Post {
            settings: &self.settings.mail,
            store,
            http: self.http,
            clock,
        };
        let courier = Courier {
            store,
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
