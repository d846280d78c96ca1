//! The mailer of the functions: asks whether the mail is wanted, and hands it to whom the settings name.

use super::{Delivery, HttpMailer, Inbox, Mailer, Message, Outcome, Settings};
use crate::ports::{Clock, Database, OutboundHttp};
use crate::store::{Store, preferences};

/// Delivers what is wanted, by the way that is configured.
#[derive(Debug)]
pub struct Post<'a, D, H, C> {
    /// The way.
    pub settings: &'a Settings,
    /// Where preferences are, and the inbox.
    pub store: &'a Store<D>,
    /// The way to a provider.
    pub http: &'a H,
    /// The clock.
    pub clock: &'a C,
}

impl<D: Database, H: OutboundHttp, C: Clock> Mailer for Post<'_, D, H, C> {
    /// A mail that its recipient has turned off is done with.
    async fn deliver(&self, message: &Message) -> Outcome {
        if let Some(way_out) = &message.unsubscribe {
            match preferences::wants(self.store, way_out.user(), way_out.category()).await {
                Ok(true) => {}
                Ok(false) => return Outcome::Delivered,
                Err(error) => {
                    return Outcome::Retry {
                        after: None,
                        words: error.to_string(),
                    };
                }
            }
        }
        let (store, http, clock) = (self.store, self.http, self.clock);
        match &self.settings.delivery {
            Delivery::Inbox => Inbox { store, clock }.deliver(message).await,
            Delivery::Provider { provider, from } => {
                let mailer = HttpMailer {
                    provider,
                    from,
                    http,
                    clock,
                };
                mailer.deliver(message).await
            }
        }
    }
}
