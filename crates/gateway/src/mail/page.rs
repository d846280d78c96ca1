//! The page behind an unsubscribe link.

use askama::Template;

use super::Category;

/// What a person sees who follows the link: what is about to happen, or that it has happened.
#[derive(Debug, Template)]
#[template(path = "pages/en/unsubscribe.html", escape = "html")]
pub struct UnsubscribePage {
    what: &'static str,
    done: bool,
}

impl UnsubscribePage {
    /// Asks whether mails of this category are to end.
    pub fn question(category: Category) -> Self {
        Self {
            what: name(category),
            done: false,
        }
    }

    /// Says that they have ended.
    pub fn done(category: Category) -> Self {
        Self {
            what: name(category),
            done: true,
        }
    }

    /// The page.
    pub fn html(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

fn name(category: Category) -> &'static str {
    match category {
        Category::Security => "security of your account",
        Category::Account => "news of your account",
        Category::Bookings => "news of your bookings",
        Category::Reminders => "reminders before departure",
    }
}
