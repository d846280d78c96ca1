//! A password as its owner typed it.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use zeroize::Zeroizing;

use super::{EmailAddress, Invalid, password_policy};

/// A plain password that may be somebody's: 1 to 128 characters, any there are. What a new one must be besides is
/// [`choose`](Self::choose)'s matter.
///
/// The same letters typed on another keyboard may be other bytes: it is hashed in Unicode's normal form C, and its characters are
/// counted in it. NUL is a character like any other, because what bcrypt reads is the base64 of an HMAC. `Debug` does not show it,
/// there is no `Display`, and it leaves only as text for the hash function.
pub struct Password {
    typed: Zeroizing<String>,
    /// Normal form C, where that is another text.
    normalised: Option<Zeroizing<String>>,
}

/// Why a text may not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Fewer than 8 characters.
    #[error("the password is shorter than 8 characters")]
    TooShort,
    /// More than 128 characters.
    #[error("the password is longer than 128 characters")]
    TooLong,
    /// Among those that most people choose.
    #[error("the password is one of those that most people choose and everybody guesses first")]
    TooCommon,
    /// Holds what stands before the `@` of its owner's address.
    #[error("the password contains the name in the e-mail address")]
    ContainsEmail,
    /// Made of pieces that are guessed soon.
    #[error(
        "the password is too easy to guess: make it longer, or less like words (those of this service first), rows of keys and years"
    )]
    TooGuessable,
}

impl Invalid for InvalidPassword {
    fn code(&self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::TooCommon => "password_too_common",
            Self::ContainsEmail => "password_contains_email",
            Self::TooGuessable => "password_too_guessable",
        }
    }
}

impl Password {
    /// The fewest characters of a new password.
    pub const MIN_CHARACTERS: usize = 8;
    /// The most characters of a password.
    pub const MAX_CHARACTERS: usize = 128;

    /// Takes `text` as the new password of whoever has this address, if it is one that is not soon guessed. Every way to set a
    /// password goes through here: sign-up, change, reset, bootstrap.
    pub fn choose(text: String, email: Option<&EmailAddress>) -> Result<Self, InvalidPassword> {
        let password = Self::parse(text)?;
        password_policy::refuse(password.normalised(), email)?;
        Ok(password)
    }

    /// Whether a password that was chosen for nobody yet may be that of whoever has this address.
    pub fn check_for(&self, email: &EmailAddress) -> Result<(), InvalidPassword> {
        password_policy::refuse(self.normalised(), Some(email))
    }

    /// Takes `text` as it stands, if it is as long as new passwords are: never trimmed, never cut.
    pub fn parse(text: String) -> Result<Self, InvalidPassword> {
        Self::of_at_least(Self::MIN_CHARACTERS, text)
    }

    /// Takes `text` as what somebody claims to be their password: one that was taken over from elsewhere may be shorter than new
    /// ones are.
    pub fn claimed(text: String) -> Result<Self, InvalidPassword> {
        Self::of_at_least(1, text)
    }

    fn of_at_least(least: usize, text: String) -> Result<Self, InvalidPassword> {
        let typed = Zeroizing::new(text);
        let normalised = (!is_nfc(&typed)).then(|| {
            // Normal form C has at most three times as many bytes. With the room for it, no part is left behind by a move.
            let mut composed = Zeroizing::new(String::with_capacity(typed.len() * 3));
            composed.extend(typed.nfc());
            composed
        });
        let password = Self { typed, normalised };
        match password.normalised().chars().count() {
            count if count < least => Err(InvalidPassword::TooShort),
            ..=Self::MAX_CHARACTERS => Ok(password),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// A password for the sake of the work of checking one.
    pub(crate) fn placeholder() -> Self {
        Self {
            typed: Zeroizing::new("placeholder".to_owned()),
            normalised: None,
        }
    }

    /// In normal form C.
    pub(super) fn normalised(&self) -> &str {
        self.normalised.as_ref().unwrap_or(&self.typed)
    }

    /// As it was typed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.typed.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<InvalidPassword> {
        Password::parse(text.to_owned()).err()
    }

    #[test]
    fn a_new_password_has_8_to_128_characters() {
        for letter in ["p", "\u{fc}", "\u{1f511}", "u\u{308}", "\0"] {
            assert_eq!(
                refusal(&letter.repeat(7)),
                Some(InvalidPassword::TooShort),
                "{letter:?}"
            );
            assert_eq!(refusal(&letter.repeat(8)), None, "{letter:?}");
            assert_eq!(refusal(&letter.repeat(128)), None, "{letter:?}");
            assert_eq!(
                refusal(&letter.repeat(129)),
                Some(InvalidPassword::TooLong),
                "{letter:?}"
            );
        }
    }

    #[test]
    fn a_password_that_was_taken_over_may_be_shorter() {
        let refusal = |text: &str| Password::claimed(text.to_owned()).err();
        assert_eq!(refusal(""), Some(InvalidPassword::TooShort));
        assert_eq!(refusal("p"), None);
        assert_eq!(refusal(&"p".repeat(129)), Some(InvalidPassword::TooLong));
    }

    #[test]
    fn what_is_typed_is_kept_beside_its_normal_form() {
        let password = Password::parse("cafe\u{301} au lait".to_owned()).unwrap();
        assert_eq!(password.normalised(), "caf\u{e9} au lait");
        assert_eq!(password.as_bytes(), "cafe\u{301} au lait".as_bytes());
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(
            format!("{:?}", Password::parse("correct horse".to_owned()).unwrap()),
            "Password(..)"
        );
    }
}
