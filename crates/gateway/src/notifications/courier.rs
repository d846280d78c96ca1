//! Claiming, rendering, delivering, and saying how it went.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde::Serialize;

use super::backoff::{GIVE_UP_AFTER, MAX_ATTEMPTS, next_try};
use crate::domain::{EmailAddress, EventId};
use crate::events::CloudEvent;
use crate::log;
use crate::mail::{Mailer, Message, Outcome};
use crate::ports::{Clock, Database, Entropy, Timestamp};
use crate::store::notifications::{self, Claimed, Extent, Lease};
use crate::store::{Store, StoreError};

/// How long a claim is ours. A try must end well before; a claimer who is never heard of again holds things up for no longer.
const LEASE: Duration = Duration::from_secs(60);
/// How many are claimed, and tried side by side, at once.
const BATCH: u32 = 20;
/// For how long a sweep begins new batches. What is left then is the next sweep's: a request must end.
const SWEEP_FOR: Duration = Duration::from_secs(20);
/// As much of a reason as is kept.
const REASON_CHARS: usize = 500;

/// What came of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many were claimed.
    pub claimed: u64,
    /// Delivered, or nothing to tell anybody.
    pub delivered: u64,
    /// To be tried again.
    pub failed: u64,
    /// Given up.
    pub dead: u64,
}

impl Tally {
    fn count(&mut self, end: End) {
        match end {
            End::Delivered => self.delivered += 1,
            End::Failed => self.failed += 1,
            End::Dead => self.dead += 1,
        }
    }
}

/// How a claim ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Delivered,
    Failed,
    Dead,
}

/// Brings notifications to people.
#[derive(Debug)]
pub struct Courier<'a, D, M, R, C, E> {
    /// Where they are.
    pub store: &'a Store<D>,
    /// Who takes the messages.
    pub mailer: &'a M,
    /// The message of an event to an address; `None` where there is nothing to tell. An error is final: the event would be no other
    /// the next time.
    pub render: R,
    /// The clock.
    pub clock: &'a C,
    /// Randomness.
    pub entropy: &'a E,
}

impl<D, M, R, C, E, X> Courier<'_, D, M, R, C, E>
where
    D: Database,
    M: Mailer,
    R: Fn(&CloudEvent, EmailAddress) -> Result<Option<Message>, X>,
    C: Clock,
    E: Entropy,
    X: std::fmt::Display,
{
    /// Delivers one, if it is due and nobody else is at it.
    pub async fn deliver(&self, id: EventId) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        self.batch(Extent::One(id), &mut tally).await?;
        Ok(tally)
    }

    /// Delivers whatever is due, batch after batch.
    pub async fn sweep(&self) -> Result<Tally, StoreError> {
        let started = self.clock.now();
        let mut tally = Tally {
            dead: notifications::retire_exhausted(self.store, MAX_ATTEMPTS, started).await?,
            ..Tally::default()
        };
        while started.until(self.clock.now()) < SWEEP_FOR {
            if self.batch(Extent::Batch(BATCH), &mut tally).await? < BATCH as usize {
                break;
            }
        }
        Ok(tally)
    }

    /// Claims and delivers, and tells how many it were.
    async fn batch(&self, extent: Extent, tally: &mut Tally) -> Result<usize, StoreError> {
        let lease = self.lease();
        let claims = notifications::claim(self.store, extent, &lease, MAX_ATTEMPTS).await?;
        let claimed = claims.len();
        tally.claimed += claimed as u64;
        // One that could not say how it went does not take the others with it: its lease ends, and it is claimed again.
        for end in join_all(claims.into_iter().map(|claim| self.end_of(claim, &lease))).await {
            tally.count(end?);
        }
        Ok(claimed)
    }

    fn lease(&self) -> Lease {
        let mut token = [0; 16];
        self.entropy.fill(&mut token);
        let now = self.clock.now();
        Lease {
            token: URL_SAFE_NO_PAD.encode(token),
            from: now,
            until: now.after(LEASE),
            deadline: now.after(GIVE_UP_AFTER),
        }
    }

    async fn end_of(&self, claim: Claimed, lease: &Lease) -> Result<End, StoreError> {
        let (id, attempt, deadline) = (claim.id, claim.attempt, claim.deadline.clone());
        let outcome = match self.message(claim) {
            Ok(Some(message)) => self.mailer.deliver(&message).await,
            Ok(None) => Outcome::Delivered,
            Err(words) => Outcome::Refused { words },
        };
        let now = self.clock.now();
        match outcome {
            Outcome::Delivered => {
                let ours = notifications::mark_done(self.store, id, lease, now).await?;
                self.note_if_lost(ours, id);
                Ok(End::Delivered)
            }
            Outcome::Retry { after, words } => {
                match next_try((attempt, &deadline), after, now, self.entropy) {
                    Some(next) => self.put_off(id, lease, now, next, &words).await,
                    None => self.give_up(id, lease, now, &words).await,
                }
            }
            Outcome::Refused { words } => self.give_up(id, lease, now, &words).await,
        }
    }

    /// What to say and to whom; `None` where there is nothing to say, or nobody left to say it to.
    fn message(&self, claim: Claimed) -> Result<Option<Message>, String> {
        let event = CloudEvent::from_row(claim.event).map_err(|error| error.to_string())?;
        let Some(email) = claim.email else {
            return Ok(None);
        };
        let email = EmailAddress::parse(&email).map_err(|error| error.to_string())?;
        (self.render)(&event, email).map_err(|error| error.to_string())
    }

    async fn put_off(
        &self,
        id: EventId,
        lease: &Lease,
        now: Timestamp,
        next: Timestamp,
        words: &str,
    ) -> Result<End, StoreError> {
        let ours = notifications::put_off(self.store, id, lease, now, (next, &shortened(words))).await?;
        self.note_if_lost(ours, id);
        Ok(End::Failed)
    }

    async fn give_up(
        &self,
        id: EventId,
        lease: &Lease,
        now: Timestamp,
        words: &str,
    ) -> Result<End, StoreError> {
        let words = shortened(words);
        let ours = notifications::give_up(self.store, id, lease, now, &words).await?;
        self.note_if_lost(ours, id);
        let id = id.to_string();
        log::background("notification_dead", &[("notification", &id), ("cause", &words)]);
        Ok(End::Dead)
    }

    /// A try that took longer than the lease: somebody else is at it by now, and the provider sees the key twice.
    fn note_if_lost(&self, ours: bool, id: EventId) {
        if !ours {
            log::background("notification_lease_lost", &[("notification", &id.to_string())]);
        }
    }
}

fn shortened(words: &str) -> String {
    words.chars().take(REASON_CHARS).collect()
}
