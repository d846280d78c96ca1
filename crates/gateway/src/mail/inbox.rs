//! The mailer of a gateway that has no provider.

use super::{Mailer, Message, Outcome};
use crate::ports::{Clock, Database};
use crate::store::{Store, StoreError, inbox};

/// Keeps messages in the database, where whoever has the internal token reads them.
#[derive(Debug)]
pub struct Inbox<'a, D, C> {
    /// Where they are kept.
    pub store: &'a Store<D>,
    /// The clock.
    pub clock: &'a C,
}

impl<D: Database, C: Clock> Mailer for Inbox<'_, D, C> {
    async fn deliver(&self, message: &Message) -> Outcome {
        match inbox::put(self.store, message, self.clock.now()).await {
            Ok(()) => Outcome::Delivered,
            Err(error @ (StoreError::Refused(_) | StoreError::Damaged(_))) => Outcome::Refused {
                words: error.to_string(),
            },
            Err(error) => Outcome::Retry {
                after: None,
                words: error.to_string(),
            },
        }
    }
}
