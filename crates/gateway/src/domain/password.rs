//! A password as its owner typed it.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use zeroize::Zeroizing;

use super::{EmailAddress, Invalid, password_policy};

/// A plain password that may be somebody's: 1 to 128 characters, any there are. What a new one must be besides is
/// [`choose`](Self::choose)'s matter.
///
/// The same letters typed on another keyboard may be other bytes: it is hashed as the profile OpaqueString has it (RFC 8265, section
/// 4.2: every space is a space, and normal form C), and its characters are counted in that. One that was taken over is compared as it
/// was typed, with whatever is in it. `Debug` does not show it, there is no `Display`, and it leaves only as text for the hash function.
pub struct Password {
    typed: Zeroizing<String>,
    /// By the profile, where that is another text.
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
    /// Holds what nobody sees.
    #[error("the password holds a control character or another one that is not seen")]
    Unseen,
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
            Self::Unseen => "password_unseen_character",
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

    /// Takes `text` as it stands, if it is as long as new passwords are and of characters that the profile knows: never trimmed, never
    /// cut.
    pub fn parse(text: String) -> Result<Self, InvalidPassword> {
        let password = Self::of_at_least(Self::MIN_CHARACTERS, text)?;
        if password.normalised().chars().any(is_unseen) {
            return Err(InvalidPassword::Unseen);
        }
        Ok(password)
    }

    /// Takes `text` as what somebody claims to be their password: one that was taken over from elsewhere may be shorter than new
    /// ones are.
    pub fn claimed(text: String) -> Result<Self, InvalidPassword> {
        Self::of_at_least(1, text)
    }

    fn of_at_least(least: usize, text: String) -> Result<Self, InvalidPassword> {
        let typed = Zeroizing::new(text);
        let is_normal = is_nfc(&typed) && !typed.contains(is_other_space);
        let normalised = (!is_normal).then(|| {
            // Normal form C has at most three times as many bytes. With the room for it, no part is left behind by a move.
            let mut composed = Zeroizing::new(String::with_capacity(typed.len() * 3));
            let spaced = typed.chars().map(|c| if is_other_space(c) { ' ' } else { c });
            composed.extend(spaced.nfc());
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

    /// By the profile.
    pub(super) fn normalised(&self) -> &str {
        self.normalised.as_ref().unwrap_or(&self.typed)
    }

    /// As it was typed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.typed.as_bytes()
    }
}

/// The spaces of Unicode (general category Zs) but the one of ASCII: keyboards of other languages, and telephones, type them for it.
fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

/// What RFC 8264 disallows in passwords because it is not seen: controls, what is ignored when it is shown, what is no character. But
/// for joiners, variation selectors and the tags of flags, which belong to scripts and to pictures that people do type.
fn is_unseen(c: char) -> bool {
    let is_ignored = matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'
            | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E001F}'
    );
    let is_none = matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE;
    c.is_control() || is_ignored || is_none
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
        for letter in ["p", "\u{fc}", "\u{1f511}", "u\u{308}", "\u{3000}"] {
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
    fn every_space_is_a_space() {
        let spaced = |space: char| Password::parse(format!("correct{space}horse{space}")).unwrap();
        for space in "\u{a0}\u{1680}\u{2000}\u{2003}\u{2007}\u{200a}\u{202f}\u{205f}\u{3000}".chars() {
            assert_eq!(spaced(space).normalised(), "correct horse ", "{space:?}");
            assert_eq!(
                spaced(space).as_bytes(),
                format!("correct{space}horse{space}").as_bytes()
            );
        }
    }

    /// RFC 8265, section 4.2.3: what is taken, and what is not.
    #[test]
    fn the_examples_of_rfc_8265_hold() {
        for text in [
            "correct horse battery staple",
            "Correct Horse Battery Staple",
            "\u{3c0}\u{df}\u{e5}\u{3c0}\u{df}\u{e5}\u{3c0}\u{df}\u{e5}",
            "Jack of \u{2666}s",
        ] {
            assert_eq!(refusal(text), None, "{text:?}");
        }
        // By the letter, "foo" and a space of another kind, and "bar", are "foo bar".
        assert_eq!(
            Password::claimed("foo\u{1680}bar".to_owned())
                .unwrap()
                .normalised(),
            "foo bar"
        );
        assert_eq!(refusal(""), Some(InvalidPassword::TooShort));
        assert_eq!(refusal("my cat is a \u{9}by"), Some(InvalidPassword::Unseen));
    }

    #[test]
    fn a_new_password_holds_nothing_that_is_not_seen() {
        for unseen in [
            "\0",
            "\n",
            "\r",
            "\u{1b}",
            "\u{7f}",
            "\u{85}",
            "\u{ad}",
            "\u{200b}",
            "\u{200e}",
            "\u{202e}",
            "\u{2028}",
            "\u{2060}",
            "\u{2069}",
            "\u{feff}",
            "\u{fdd0}",
            "\u{ffff}",
            "\u{10ffff}",
            "\u{3164}",
        ] {
            let text = format!("correct{unseen}horse");
            assert_eq!(refusal(&text), Some(InvalidPassword::Unseen), "{unseen:?}");
            // It may have been somebody's elsewhere.
            assert!(Password::claimed(text).is_ok());
        }
        for seen in [
            "\u{1f468}\u{200d}\u{1f680}",
            "\u{2764}\u{fe0f}",
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{fffd}",
        ] {
            assert_eq!(refusal(&format!("correct{seen}horse")), None, "{seen:?}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(
            format!("{:?}", Password::parse("correct horse".to_owned()).unwrap()),
            "Password(..)"
        );
    }
}
