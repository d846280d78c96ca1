//! Who takes messages over HTTP: one file a provider, which makes the request and finds the provider's words in the answer.

mod api;
mod mailgun;
mod postmark;
mod resend;
mod sendgrid;
mod webhook;

pub use api::{ApiBase, ApiKey, InvalidApiBase, InvalidApiKey};
pub use mailgun::Mailgun;
pub use postmark::Postmark;
pub use resend::Resend;
pub use sendgrid::SendGrid;
pub use webhook::{InvalidWebhookSecret, Webhook, WebhookSecrets};

use http::{Request, StatusCode};

use super::{Message, Sender};
use crate::ports::Timestamp;

/// A provider, with what it takes to reach it.
#[derive(Debug)]
pub enum Provider {
    /// resend.com
    Resend(Resend),
    /// sendgrid.com
    SendGrid(SendGrid),
    /// mailgun.com
    Mailgun(Mailgun),
    /// postmarkapp.com
    Postmark(Postmark),
    /// Any server, which does with the message what it likes.
    Webhook(Webhook),
}

impl Provider {
    /// Its name, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resend(_) => "Resend",
            Self::SendGrid(_) => "SendGrid",
            Self::Mailgun(_) => "Mailgun",
            Self::Postmark(_) => "Postmark",
            Self::Webhook(_) => "the webhook",
        }
    }

    /// The request that hands over `message`.
    pub(super) fn request(
        &self,
        message: &Message,
        from: &Sender,
        now: Timestamp,
    ) -> Result<Request<Vec<u8>>, http::Error> {
        match self {
            Self::Resend(resend) => resend.request(message, from),
            Self::SendGrid(sendgrid) => sendgrid.request(message, from),
            Self::Mailgun(mailgun) => mailgun.request(message, from),
            Self::Postmark(postmark) => postmark.request(message, from),
            Self::Webhook(webhook) => webhook.request(message, from, now),
        }
    }

    /// What the provider says in the body of an answer.
    pub(super) fn words(&self, body: &[u8]) -> Option<String> {
        match self {
            Self::Resend(_) | Self::Mailgun(_) => api::member(body, "message"),
            Self::SendGrid(_) => sendgrid::words(body),
            Self::Postmark(_) => api::member(body, "Message"),
            // Whatever is there is no provider of mail, and need not speak of it in words that are ours to keep.
            Self::Webhook(_) => None,
        }
    }

    /// Whether the answer says that the same message is being taken at this moment, by an earlier request.
    pub(super) fn is_under_way(&self, status: StatusCode, body: &[u8]) -> bool {
        matches!(self, Self::Resend(_)) && resend::is_under_way(status, body)
    }

    /// What must not be seen in the provider's words.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Resend(Resend { key, .. })
            | Self::SendGrid(SendGrid { key, .. })
            | Self::Mailgun(Mailgun { key, .. })
            | Self::Postmark(Postmark { key, .. }) => vec![key.reveal()],
            Self::Webhook(_) => Vec::new(),
        }
    }
}
