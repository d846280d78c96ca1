//! A message that is ready to go.

use super::{Category, Sender};
use crate::domain::{EmailAddress, UserId};

/// A message that is ready to go. Rendered from the same event, it is the same message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whom it is for.
    pub to: EmailAddress,
    /// The type of the event that it tells of, such as `com.jetway.user.registered.v1`.
    pub kind: String,
    /// When that happened (RFC 3339, UTC).
    pub occurred_at: String,
    /// Its subject: one line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// What it says, as an HTML document.
    pub html: String,
    /// The same however often the message is handed over: at most 256 visible ASCII characters.
    pub idempotency_key: String,
    /// How to get no more of its kind, where that is possible.
    pub unsubscribe: Option<Unsubscribe>,
}

impl Message {
    /// The headers that the mail has besides those that it always has.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        self.unsubscribe
            .as_ref()
            .map(Unsubscribe::headers)
            .unwrap_or_default()
    }

    /// The same for the same message: by it, mail servers and clients see that a second one is no other.
    pub(super) fn message_id(&self, from: &Sender) -> String {
        format!("<{}@{}>", self.idempotency_key, from.domain())
    }
}

/// The way out, as RFC 8058 has it: a mail client sends one POST to the link, and asks nobody to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    link: String,
    user: UserId,
    category: Category,
}

impl Unsubscribe {
    /// A link that takes the POST, and turns off the mails of `category` to `user`.
    pub fn new(link: String, user: UserId, category: Category) -> Self {
        Self { link, user, category }
    }

    /// Whose mails it turns off.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Which of them.
    pub fn category(&self) -> Category {
        self.category
    }

    /// The link, for people too: a GET shows what a POST would do.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// The headers of the mail. None where the link has no host, or is not secret on its way: RFC 8058 wants https.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        if !self.link.starts_with("https://") {
            return Vec::new();
        }
        vec![
            ("List-Unsubscribe", format!("<{}>", self.link)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(link: &str) -> Unsubscribe {
        let user = UserId::parse("01893726-efee-7f02-8fbf-9f2b7bc2f910").unwrap();
        Unsubscribe::new(link.to_owned(), user, Category::Bookings)
    }

    #[test]
    fn one_click_needs_https() {
        let expected = [
            (
                "List-Unsubscribe",
                "<https://jetway.example/u?token=t>".to_owned(),
            ),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ];
        assert_eq!(at("https://jetway.example/u?token=t").headers(), expected);
        for link in ["/u?token=t", "http://127.0.0.1:3001/u?token=t"] {
            assert_eq!(at(link).headers(), []);
        }
    }
}
