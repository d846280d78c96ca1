//! A password as it is stored: hashed with bcrypt.

use subtle::ConstantTimeEq as _;

use super::bcrypt::{Bcrypt, Parts};
use super::{Invalid, Password};

/// A bcrypt hash in its usual form (`$2b$12$` and 53 characters). `Debug` does not show it.
///
/// To make one takes long, and so it is made in slices: [`begin`](Self::begin), or [`check`](Self::check) for one to
/// compare with, and then [`Bcrypt::advance`] until it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    parts: Parts,
}

/// The text is no bcrypt hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a bcrypt hash")]
pub struct InvalidPasswordHash;

impl PasswordHash {
    /// Reads a hash out of the database.
    pub fn parse(text: String) -> Result<Self, InvalidPasswordHash> {
        let parts = Parts::parse(&text).ok_or(InvalidPasswordHash)?;
        Ok(Self { text, parts })
    }

    /// Begins to hash `password`. `salt` is to be as random as a key.
    pub fn begin(password: &Password, cost: BcryptCost, salt: [u8; 16]) -> Bcrypt {
        Bcrypt::begin(password.as_bytes(), cost.0, salt)
    }

    /// Begins to hash `password` as the one behind this hash was: what comes of it is to be asked for by
    /// [`is_matched_by`](Self::is_matched_by).
    pub fn check(&self, password: &Password) -> Bcrypt {
        Bcrypt::begin(password.as_bytes(), self.parts.cost, self.parts.salt)
    }

    /// Whether `computed` is the same hash, told in a time that says nothing of where they differ. The version in front
    /// does not count: it names the program that made the hash, and not another function.
    pub fn is_matched_by(&self, computed: &Self) -> bool {
        let (ours, other) = (&self.parts, &computed.parts);
        let same = ours.digest.ct_eq(&other.digest) & ours.salt.ct_eq(&other.salt);
        (same & ours.cost.ct_eq(&other.cost)).into()
    }

    /// How many rounds it takes to make it.
    pub fn rounds(&self) -> u32 {
        1 << self.parts.cost
    }

    /// A hash of `cost` that no password is known for. Whoever checks a password of nobody checks it against this,
    /// and has then done the same work as for somebody.
    pub fn of_nobody(cost: BcryptCost) -> Self {
        Self::of_parts(Parts {
            cost: cost.0,
            salt: [0; 16],
            digest: [0; 23],
        })
    }

    pub(super) fn of_parts(parts: Parts) -> Self {
        let text = parts.to_text();
        Self { text, parts }
    }

    /// The hash as the database keeps it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// How much work a hash is: 2 to the power of this many rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BcryptCost(u32);

/// The text is no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bcrypt cost is not a whole number from 4 to 20")]
pub struct InvalidBcryptCost;

impl Invalid for InvalidBcryptCost {
    fn code(&self) -> &'static str {
        "bcrypt_cost_malformed"
    }
}

impl BcryptCost {
    /// bcrypt's least.
    pub const CHEAPEST: Self = Self(4);

    /// Reads a cost from 4, bcrypt's least, to 20, which already takes a minute: more would be a mistake that looks
    /// like an outage.
    pub fn parse(text: &str) -> Result<Self, InvalidBcryptCost> {
        match text.parse() {
            Ok(cost @ 4..=20) => Ok(Self(cost)),
            _ => Err(InvalidBcryptCost),
        }
    }

    /// Reads the two digits of a stored hash, which may be of any cost.
    pub fn of_digits(text: &str) -> Option<Self> {
        let is_cost = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|cost| is_cost && (4..=31).contains(cost))
            .map(Self)
    }

    /// How many rounds that is.
    pub fn rounds(self) -> u32 {
        1 << self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    fn cheap() -> BcryptCost {
        BcryptCost::parse("4").unwrap()
    }

    fn made(mut bcrypt: Bcrypt) -> PasswordHash {
        while bcrypt.rounds_left() > 0 {
            Bcrypt::advance([&mut bcrypt]);
        }
        bcrypt.hash().unwrap()
    }

    fn verifies(hash: &PasswordHash, text: &str) -> bool {
        hash.is_matched_by(&made(hash.check(&password(text))))
    }

    #[test]
    fn a_hash_matches_its_password_whatever_version_it_names() {
        let hash = made(PasswordHash::begin(&password("correct horse"), cheap(), [7; 16]));
        for version in ["$2a$", "$2b$", "$2y$"] {
            let stored = PasswordHash::parse(format!("{version}{}", &hash.as_str()[4..])).unwrap();
            assert!(verifies(&stored, "correct horse"), "{version}");
            assert!(!verifies(&stored, "correct house"), "{version}");
        }
    }

    #[test]
    fn all_72_bytes_count() {
        let long = "p".repeat(71);
        let hash = made(PasswordHash::begin(
            &password(&format!("{long}a")),
            cheap(),
            [7; 16],
        ));
        assert!(verifies(&hash, &format!("{long}a")));
        assert!(!verifies(&hash, &format!("{long}b")));
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash_of_the_same_cost_that_nothing_matches() {
        let nobody = PasswordHash::of_nobody(cheap());
        assert_eq!(PasswordHash::parse(nobody.as_str().to_owned()).unwrap(), nobody);
        assert!(nobody.as_str().starts_with("$2b$04$"));
        assert_eq!(
            nobody.check(&password("password")).rounds_left(),
            cheap().rounds()
        );
        assert!(!verifies(&nobody, "password"));
    }

    #[test]
    fn what_is_no_bcrypt_hash_is_refused() {
        for text in [
            "",
            "password",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "$2b$12$tooshort",
            // The mark of a function that had a bug.
            "$2x$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            "$2a$32$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            "$2a$+6$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
        ] {
            assert_eq!(PasswordHash::parse(text.to_owned()), Err(InvalidPasswordHash));
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(
            format!("{:?}", PasswordHash::of_nobody(cheap())),
            "PasswordHash(..)"
        );
    }

    #[test]
    fn a_cost_is_a_number_that_ends_in_our_lifetime() {
        for text in ["4", "12", "20"] {
            assert!(BcryptCost::parse(text).is_ok());
        }
        for text in ["", "3", "21", "31", "-1", "12.0", "twelve"] {
            assert_eq!(BcryptCost::parse(text), Err(InvalidBcryptCost));
        }
    }
}
