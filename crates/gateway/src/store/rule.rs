//! The rules of the schema that a caller can run into, by the words in which the database refuses.

/// A rule of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An e-mail address has one user.
    EmailTaken,
    /// A role name has one role.
    RoleExists,
    /// A role is granted to, or taken from, a user there is.
    UnknownUser,
    /// What is granted or taken is a role there is.
    UnknownRole,
    /// A built-in role stays.
    RoleProtected,
    /// A role that somebody has stays.
    RoleInUse,
    /// Somebody is always an administrator.
    LastAdmin,
    /// There is one first administrator.
    AdminExists,
    /// What was verified is still the user's password.
    CredentialsChanged,
    /// Who has a second factor signs in with it.
    SecondFactorRequired,
    /// A code is right, and used once.
    SecondFactorRefused,
    /// A refresh token is known, its session neither ended nor expired, and its user's account open.
    RefreshTokenDead,
    /// A one-time token is known, for this purpose, not used and not expired.
    OneTimeTokenDead,
    /// A code out of a mail is known, not used and not expired.
    SigninCodeDead,
    /// Who signs in by a password has a verified address, where that is asked for.
    EmailNotVerified,
    /// What is tried again is a notification there is.
    UnknownNotification,
    /// Only what has been given up is tried again.
    NotificationNotDead,
}

/// What follows `constraint failed: ` in the database's words, and the rule it stands for.
const RULES: [(&str, Rule); 17] = [
    ("users.email", Rule::EmailTaken),
    ("roles.name", Rule::RoleExists),
    ("unknown_user", Rule::UnknownUser),
    ("unknown_role", Rule::UnknownRole),
    ("role_protected", Rule::RoleProtected),
    ("role_in_use", Rule::RoleInUse),
    ("last_admin", Rule::LastAdmin),
    ("admin_exists", Rule::AdminExists),
    ("credentials_changed", Rule::CredentialsChanged),
    ("second_factor_required", Rule::SecondFactorRequired),
    ("second_factor_refused", Rule::SecondFactorRefused),
    ("refresh_token_dead", Rule::RefreshTokenDead),
    ("one_time_token_dead", Rule::OneTimeTokenDead),
    ("signin_code_dead", Rule::SigninCodeDead),
    ("email_not_verified", Rule::EmailNotVerified),
    ("unknown_notification", Rule::UnknownNotification),
    ("notification_not_dead", Rule::NotificationNotDead),
];

impl Rule {
    /// The rule that the database names, if it is one that a caller can run into.
    pub(super) fn of(words: &str) -> Option<Self> {
        let (_, name) = words.split_once("constraint failed: ")?;
        // Some drivers add the error code after the name.
        let name = name
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .next()?;
        RULES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, rule)| *rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_found_in_the_databases_own_words() {
        for (words, rule) in [
            ("UNIQUE constraint failed: users.email", Some(Rule::EmailTaken)),
            (
                "UNIQUE constraint failed: users.email (code 2067)",
                Some(Rule::EmailTaken),
            ),
            ("UNIQUE constraint failed: roles.name", Some(Rule::RoleExists)),
            ("TRIGGER constraint failed: last_admin", Some(Rule::LastAdmin)),
            ("CHECK constraint failed: password_is_hashed", None),
            ("FOREIGN KEY constraint failed", None),
        ] {
            assert_eq!(Rule::of(words), rule, "{words}");
        }
    }
}
