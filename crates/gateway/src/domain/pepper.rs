//! The peppers: secrets of the operator's that go into every password hash, and are not in the database.
//!
//! bcrypt hashes the base64 of an HMAC-SHA-256 of the password, keyed with the pepper: 44 characters without a NUL, whatever the
//! password is. So nothing of it is cut, and whoever has only the database cannot even begin to guess.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::mac::hmac_sha256;

/// Which pepper a hash was made with, counted by the operator. 0 is none: an HMAC with an empty key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PepperVersion(u32);

/// The text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a whole number from 1 to 999999")]
pub struct InvalidPepperVersion;

/// The previous pepper is set, and there cannot be one: the current one is the first, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is set, but `password_pepper` is empty or `password_pepper_version` is 1: then there is no previous one"
)]
pub struct NoPreviousPepper;

/// The peppers that hashes are checked with, of which the current one makes new hashes. `Debug` does not show them.
pub struct Peppers {
    version: PepperVersion,
    current: Zeroizing<String>,
    previous: Option<Zeroizing<String>>,
}

impl PepperVersion {
    const NONE: Self = Self(0);
    const MOST: u32 = 999_999;

    /// Reads the version of a pepper that is set.
    pub fn parse(text: &str) -> Result<Self, InvalidPepperVersion> {
        Self::of_digits(text)
            .filter(|version| *version != Self::NONE)
            .ok_or(InvalidPepperVersion)
    }

    /// Reads the digits of a stored hash. There is one way to write a version, and so one text for a hash.
    pub(super) fn of_digits(text: &str) -> Option<Self> {
        let version: u32 = text.parse().ok().filter(|version| *version <= Self::MOST)?;
        (version.to_string() == text).then_some(Self(version))
    }
}

impl std::fmt::Display for PepperVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Peppers {
    /// No pepper.
    pub fn none() -> Self {
        Self {
            version: PepperVersion::NONE,
            current: Zeroizing::default(),
            previous: None,
        }
    }

    /// The peppers that are configured; an empty one is none. The previous one's version is the one before `version`.
    pub fn new(current: String, version: PepperVersion, previous: String) -> Result<Self, NoPreviousPepper> {
        let (current, previous) = (Zeroizing::new(current), Zeroizing::new(previous));
        let has_previous = !previous.is_empty();
        if has_previous && (current.is_empty() || version.0 < 2) {
            return Err(NoPreviousPepper);
        }
        if current.is_empty() {
            return Ok(Self::none());
        }
        Ok(Self {
            version,
            current,
            previous: has_previous.then_some(previous),
        })
    }

    /// The version that makes new hashes.
    pub fn version(&self) -> PepperVersion {
        self.version
    }

    /// Whether this version's pepper is known.
    pub fn has(&self, version: PepperVersion) -> bool {
        self.of(version).is_some()
    }

    /// What bcrypt hashes instead of the password. A version that is not known takes as much work, and comes to nothing that
    /// anybody could have hashed: whoever asks must refuse it.
    pub(super) fn season(&self, password: &str, version: PepperVersion) -> Zeroizing<String> {
        let key = self.of(version).unwrap_or_default();
        let tag = Zeroizing::new(hmac_sha256(key.as_bytes(), &[password.as_bytes()]));
        Zeroizing::new(STANDARD.encode(tag.as_slice()))
    }

    fn of(&self, version: PepperVersion) -> Option<&str> {
        if version == PepperVersion::NONE {
            return Some("");
        }
        if version == self.version {
            return Some(&self.current);
        }
        let previous = self.previous.as_ref()?;
        (version.0 + 1 == self.version.0).then_some(previous)
    }
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peppers(version {})", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> PepperVersion {
        PepperVersion::parse(text).unwrap()
    }

    fn peppers(current: &str, of: &str, previous: &str) -> Result<Peppers, NoPreviousPepper> {
        Peppers::new(current.to_owned(), version(of), previous.to_owned())
    }

    #[test]
    fn the_current_the_previous_and_no_pepper_are_known() {
        let peppers = peppers("new", "3", "old").unwrap();
        assert_eq!(peppers.version(), version("3"));
        let known = |version| peppers.of(version);
        assert_eq!(known(version("3")), Some("new"));
        assert_eq!(known(version("2")), Some("old"));
        assert_eq!(known(PepperVersion::NONE), Some(""));
        assert_eq!((known(version("1")), known(version("4"))), (None, None));
    }

    #[test]
    fn an_empty_pepper_is_none_whatever_its_version() {
        assert_eq!(peppers("", "7", "").unwrap().version(), PepperVersion::NONE);
    }

    #[test]
    fn the_first_pepper_has_no_previous_one() {
        for (current, of) in [("new", "1"), ("", "1"), ("", "2")] {
            assert_eq!(peppers(current, of, "old").err(), Some(NoPreviousPepper));
        }
    }

    #[test]
    fn a_version_is_written_in_one_way() {
        for text in ["1", "2", "999999"] {
            assert_eq!(version(text).to_string(), text);
        }
        for text in ["", "0", "01", "+1", "-1", "1.0", "one", "1000000"] {
            assert_eq!(PepperVersion::parse(text), Err(InvalidPepperVersion), "{text}");
        }
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_password_is_seasoned_with_hmac_sha256() {
        let peppers = peppers("Jefe", "1", "").unwrap();
        let seasoned = peppers.season("what do ya want for nothing?", version("1"));
        assert_eq!(*seasoned, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }

    #[test]
    fn debug_shows_no_pepper() {
        assert_eq!(
            format!("{:?}", peppers("new", "2", "old").unwrap()),
            "Peppers(version 2)"
        );
    }
}
