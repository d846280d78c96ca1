//! What a person wants to be told.

use super::Category;

/// What a person wants to be told besides what keeps their account safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// News of the account.
    pub account: bool,
    /// News of bookings.
    pub bookings: bool,
    /// Reminders before departure.
    pub reminders: bool,
}

impl Default for Preferences {
    /// Everything, until somebody chooses.
    fn default() -> Self {
        Self {
            account: true,
            bookings: true,
            reminders: true,
        }
    }
}

impl Preferences {
    /// Whether mails of this category are wanted.
    pub fn wants(self, category: Category) -> bool {
        match category {
            Category::Security => true,
            Category::Account => self.account,
            Category::Bookings => self.bookings,
            Category::Reminders => self.reminders,
        }
    }

    /// The same but for one category. What keeps an account safe stays on.
    #[must_use]
    pub fn with(mut self, category: Category, wanted: bool) -> Self {
        match category {
            Category::Security => {}
            Category::Account => self.account = wanted,
            Category::Bookings => self.bookings = wanted,
            Category::Reminders => self.reminders = wanted,
        }
        self
    }
}
