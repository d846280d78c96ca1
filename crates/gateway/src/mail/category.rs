//! What a person can choose to get.

/// What a mail is about, as people choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// What keeps an account its owner's: it cannot be turned off.
    Security,
    /// What else happens to the account: the greeting, roles.
    Account,
    /// Bookings that are made, changed and cancelled.
    Bookings,
    /// Reminders before departure.
    Reminders,
}

impl Category {
    /// Those that can be turned off.
    pub const OPTIONAL: [Self; 3] = [Self::Account, Self::Bookings, Self::Reminders];

    /// Its name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Account => "account",
            Self::Bookings => "bookings",
            Self::Reminders => "reminders",
        }
    }

    /// The category of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Security, Self::Account, Self::Bookings, Self::Reminders]
            .into_iter()
            .find(|category| category.as_str() == name)
    }

    /// Whether one can do without.
    pub const fn is_optional(self) -> bool {
        !matches!(self, Self::Security)
    }
}
