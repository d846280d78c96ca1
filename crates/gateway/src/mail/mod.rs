//! Mail: what a message is, how it is written, and who takes it.
//!
//! An event becomes a [`Message`] in [`Renderer::render`], which is handed to a [`Mailer`]. A mailer tries once and says what came
//! of it; when to try again, and when to give up, is decided where the claims are. Whoever delivers the same event twice hands
//! over the same `idempotency_key`, so that a provider that knows such keys mails nobody twice.

mod answer;
mod category;
mod http_mailer;
mod inbox;
mod links;
mod message;
mod page;
mod post;
mod preferences;
pub mod providers;
mod render;
mod sender;
mod settings;
mod unsubscribe;

pub use category::Category;
pub use http_mailer::HttpMailer;
pub use inbox::Inbox;
pub use links::Links;
pub use message::{Message, Unsubscribe};
pub use page::UnsubscribePage;
pub use post::Post;
pub use preferences::Preferences;
pub use render::{InvalidData, Language, RenderError, Renderer};
pub use sender::Sender;
pub use settings::{Delivery, Settings};
pub use unsubscribe::{InvalidUnsubscribeToken, UnsubscribeKey, UnsubscribeKeyCache};

use std::time::Duration;

/// What came of handing over a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has been taken.
    Delivered,
    /// It may well be taken later: no answer came, or one that asks for patience.
    Retry {
        /// How long to wait at least, where the provider says so.
        after: Option<Duration>,
        /// Why, for whoever looks after the gateway. No secret is in it.
        words: String,
    },
    /// It will never be taken as it is.
    Refused {
        /// Why, for whoever looks after the gateway. No secret is in it.
        words: String,
    },
}

/// Takes messages on their way.
#[expect(
    async_fn_in_trait,
    reason = "a guest has one thread: no future of ours is ever sent to another"
)]
pub trait Mailer {
    /// Hands over `message`, once.
    async fn deliver(&self, message: &Message) -> Outcome;
}
