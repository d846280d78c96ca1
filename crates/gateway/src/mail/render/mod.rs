//! From an event to a message.
//!
//! What an event says is read into typed values first ([`About`]), each of which is one line that cannot pretend to be something
//! else; then the templates of a language write it (`templates/mail/LANGUAGE`), the HTML part with everything escaped. The same
//! event gives the same message, to the byte: providers that know the idempotency key expect that.

mod about;
mod device;
mod english;

pub use about::InvalidData;

use about::About;

use askama::Template;

use super::{Category, Links, Message, Unsubscribe, UnsubscribeKey};
use crate::domain::{DisplayText, EmailAddress, OneTimeTokenId, UserId};
use crate::events::CloudEvent;

/// Why an event has no message. It would have none the next time either.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The event's data is not that of its type.
    #[error(transparent)]
    Data(#[from] InvalidData),
    /// A template is broken.
    #[error("template: {0}")]
    Template(#[from] askama::Error),
}

/// A language that there are templates in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`
    #[default]
    English,
}

impl Language {
    /// The language of a tag such as `en` or `en-GB` (RFC 5646), if there are templates in it.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        primary.eq_ignore_ascii_case("en").then_some(Self::English)
    }
}

/// What goes into every message besides its event.
#[expect(missing_debug_implementations, reason = "it makes secrets")]
pub struct Renderer<'a> {
    /// The language.
    pub language: Language,
    /// Where links lead.
    pub links: &'a Links,
    /// What the links out are signed with.
    pub unsubscribe: &'a UnsubscribeKey,
    /// The one-time token of an id: events hold the id alone, for they are published.
    pub tokens: &'a dyn Fn(OneTimeTokenId) -> String,
    /// The sign-in code of an id, as a person reads it.
    pub codes: &'a dyn Fn(OneTimeTokenId) -> String,
}

impl Renderer<'_> {
    /// What a person is told of an event; `None` where nobody is told. `to` is the address of the event's account; some mails go to
    /// another, which the event names.
    pub fn render(&self, event: &CloudEvent, to: EmailAddress) -> Result<Option<Message>, RenderError> {
        let Some(about) = About::of(event)? else {
            return Ok(None);
        };
        let unsubscribe = self.way_out(&about, event);
        let (link, code) = (self.link(&about), self.code(&about));
        let frame = Frame {
            link: &link,
            code: &code,
            occurred_at: event.time(),
            unsubscribe: unsubscribe.as_ref().map(Unsubscribe::link),
        };
        let written = match self.language {
            Language::English => english::write(&about, &frame)?,
        };
        Ok(Some(Message {
            to: about.other_address().cloned().unwrap_or(to),
            kind: event.kind().to_owned(),
            occurred_at: event.time().to_owned(),
            subject: written.subject,
            text: written.text,
            html: written.html,
            idempotency_key: event.id().to_owned(),
            unsubscribe,
        }))
    }

    /// Where the mail leads.
    fn link(&self, about: &About) -> String {
        match about {
            About::EmailVerification(asked) => self.links.verify_email(&(self.tokens)(asked.token_id)),
            About::EmailChange(asked) => self.links.verify_email(&(self.tokens)(asked.token_id)),
            About::PasswordReset(asked) => self.links.reset_password(&(self.tokens)(asked.token_id)),
            About::SignInCode(code) => self.links.know_device(&(self.tokens)(code.token_id)),
            About::BookingConfirmed(_)
            | About::BookingChanged(_)
            | About::BookingCancelled(_)
            | About::Reminder(_) => self.links.bookings(),
            _ => self.links.account(),
        }
    }

    /// The code in the mail; empty where there is none.
    fn code(&self, about: &About) -> String {
        match about {
            About::SignInCode(code) => (self.codes)(code.token_id),
            _ => String::new(),
        }
    }

    fn way_out(&self, about: &About, event: &CloudEvent) -> Option<Unsubscribe> {
        let category = Category::of(event)?;
        let user = about.user().or_else(|| UserId::parse(event.subject()).ok())?;
        category
            .is_optional()
            .then(|| self.links.unsubscribe(self.unsubscribe, user, category))
    }
}

impl Category {
    /// What an event's mail is about; `None` where there is no mail.
    pub fn of(event: &CloudEvent) -> Option<Self> {
        About::category_of(event.kind())
    }
}

/// What every template can use.
struct Frame<'a> {
    /// Where the mail leads.
    link: &'a str,
    /// The code in the mail; empty where there is none.
    code: &'a str,
    /// When it happened (RFC 3339).
    occurred_at: &'a str,
    /// The way out, where there is one.
    unsubscribe: Option<&'a str>,
}

/// The parts of a message that have words.
struct Written {
    subject: String,
    text: String,
    html: String,
}

/// A template of plain text begins with its subject, so that a translator has both before them.
fn subject_and_text(template: &impl Template) -> Result<(String, String), askama::Error> {
    let whole = template.render()?;
    let (first, text) = whole.split_once('\n').unwrap_or((&whole, ""));
    let subject = first.trim_start_matches("Subject:").trim();
    Ok((DisplayText::of(subject).into(), format!("{}\n", text.trim())))
}
