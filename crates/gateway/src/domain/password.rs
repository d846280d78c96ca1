//! A password as its owner typed it.

use super::Invalid;

/// A plain password that may become a user's: 8 to 72 bytes, none of them NUL.
///
/// bcrypt reads 72 bytes and stops at a NUL, so anything longer would be cut in silence; it is refused instead. `Debug`
/// does not show it, there is no `Display`, and it leaves only as bytes for the hash function.
pub struct Password(String);

/// Why a text may not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Fewer than 8 bytes.
    #[error("the password is shorter than 8 bytes")]
    TooShort,
    /// More than the 72 bytes that bcrypt reads.
    #[error("the password is longer than 72 bytes")]
    TooLong,
    /// Holds the byte at which bcrypt would stop.
    #[error("the password contains a NUL character")]
    ContainsNul,
}

impl Invalid for InvalidPassword {
    fn code(&self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::ContainsNul => "password_contains_nul",
        }
    }
}

impl Password {
    /// The fewest bytes of a password.
    pub const MIN_BYTES: usize = 8;
    /// The most bytes of a password: what bcrypt reads.
    pub const MAX_BYTES: usize = 72;

    /// Takes `text` as it stands: never trimmed, never cut.
    pub fn parse(text: String) -> Result<Self, InvalidPassword> {
        if text.contains('\0') {
            return Err(InvalidPassword::ContainsNul);
        }
        match text.len() {
            ..Self::MIN_BYTES => Err(InvalidPassword::TooShort),
            Self::MIN_BYTES..=Self::MAX_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// A password for the sake of the work of checking one.
    pub(crate) fn placeholder() -> Self {
        Self("placeholder".to_owned())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
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

    #[test]
    fn a_password_has_8_to_72_bytes() {
        let refusal = |n: usize| Password::parse("p".repeat(n)).err();
        assert_eq!(refusal(7), Some(InvalidPassword::TooShort));
        assert_eq!(refusal(8), None);
        assert_eq!(refusal(72), None);
        assert_eq!(refusal(73), Some(InvalidPassword::TooLong));
    }

    #[test]
    fn bytes_are_counted_not_characters() {
        assert_eq!(
            Password::parse("ü".repeat(37)).err(),
            Some(InvalidPassword::TooLong)
        );
        assert!(Password::parse("ü".repeat(4)).is_ok());
    }

    #[test]
    fn a_nul_is_refused_wherever_it_stands() {
        for text in ["\0password", "pass\0word", "password\0"] {
            assert_eq!(
                Password::parse(text.to_owned()).err(),
                Some(InvalidPassword::ContainsNul)
            );
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
