//! Delivery as the functions do it: on a connection of their own, with the mailer that is configured.

use super::{Courier, Malformed, Tally, WakeUp};
use crate::domain::EventId;
use crate::mail::{Inbox, render};
use crate::ports::Ports;
use crate::store::{self, Schema, StoreError};

/// What delivering takes, for both functions that do it: the one that Redis wakes and the one that sweeps.
#[derive(Debug)]
pub struct Delivery<'a, P> {
    /// The outside.
    pub ports: &'a P,
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
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

impl<P: Ports> Delivery<'_, P> {
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
        let mailer = Inbox { store: &store, clock };
        let courier = Courier {
            store: &store,
            mailer: &mailer,
            render,
            clock,
            entropy,
        };
        match work {
            Work::One(id) => courier.deliver(id).await,
            Work::AllDue => courier.sweep().await,
        }
    }
}
