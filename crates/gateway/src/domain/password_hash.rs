//! A password as it is stored: hashed with bcrypt.

use super::{Invalid, Password};
use crate::ports::Entropy;

/// A bcrypt hash in its usual form (`$2b$12$` and 53 characters). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// The text is no bcrypt hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a bcrypt hash")]
pub struct InvalidPasswordHash;

/// bcrypt itself refused; its own words, which name neither the password nor the hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bcrypt: {0}")]
pub struct HashingFailed(String);

impl PasswordHash {
    /// Reads a hash out of the database.
    pub fn parse(text: String) -> Result<Self, InvalidPasswordHash> {
        text.parse::<bcrypt::HashParts>()
            .map_err(|_| InvalidPasswordHash)?;
        Ok(Self(text))
    }

    /// Hashes `password` with a fresh salt.
    pub fn of(password: &Password, cost: BcryptCost, entropy: &impl Entropy) -> Result<Self, HashingFailed> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        Self::with_salt(password, cost, salt)
    }

    /// A hash of `cost` that no password is known for. Whoever checks a password of nobody checks it against this,
    /// and has then done the same work as for somebody.
    pub fn of_nobody(cost: BcryptCost) -> Self {
        Self(format!(
            "$2b${:02}$abcdefghijklmnopqrstuu{}",
            cost.0,
            ".".repeat(31)
        ))
    }

    fn with_salt(password: &Password, cost: BcryptCost, salt: [u8; 16]) -> Result<Self, HashingFailed> {
        let bytes = password.as_bytes();
        // The crate counts bcrypt's closing NUL towards the 72 bytes and so refuses a password of exactly 72, all of
        // which bcrypt reads. `Password` is never longer, so nothing can be cut here.
        let hashed = if bytes.len() == Password::MAX_BYTES {
            bcrypt::hash_with_salt(bytes, cost.0, salt)
        } else {
            bcrypt::non_truncating_hash_with_salt(bytes, cost.0, salt)
        };
        hashed
            .map(|parts| Self(parts.to_string()))
            .map_err(|e| HashingFailed(e.to_string()))
    }

    /// Whether this is the hash of `password`, told in constant time once the hash is made.
    pub fn verify(&self, password: &Password) -> Result<bool, HashingFailed> {
        let bytes = password.as_bytes();
        let verified = if bytes.len() == Password::MAX_BYTES {
            bcrypt::verify(bytes, &self.0)
        } else {
            bcrypt::non_truncating_verify(bytes, &self.0)
        };
        verified.map_err(|e| HashingFailed(e.to_string()))
    }

    /// The hash as the database keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
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
    /// Reads a cost from 4, bcrypt's least, to 20, which already takes a minute: more would be a mistake that looks
    /// like an outage.
    pub fn parse(text: &str) -> Result<Self, InvalidBcryptCost> {
        match text.parse() {
            Ok(cost @ 4..=20) => Ok(Self(cost)),
            _ => Err(InvalidBcryptCost),
        }
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

    #[test]
    fn known_answers_of_bcrypt_hold() {
        let known = [
            // jBCrypt's test vectors.
            (
                "abcdefghijklmnopqrstuvwxyz",
                "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            ),
            // crypt_blowfish's test vectors: exactly the 72 bytes that bcrypt reads.
            (
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
            ),
        ];
        for (text, hash) in known {
            assert!(
                PasswordHash::parse(hash.to_owned())
                    .unwrap()
                    .verify(&password(text))
                    .unwrap(),
                "{hash}"
            );
        }
    }

    #[test]
    fn all_72_bytes_count() {
        let long = "p".repeat(71);
        let hash = PasswordHash::with_salt(&password(&format!("{long}a")), cheap(), [7; 16]).unwrap();
        assert!(hash.verify(&password(&format!("{long}a"))).unwrap());
        assert!(!hash.verify(&password(&format!("{long}b"))).unwrap());
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash_of_the_same_cost_that_nothing_matches() {
        let nobody = PasswordHash::of_nobody(cheap());
        assert_eq!(PasswordHash::parse(nobody.as_str().to_owned()).unwrap(), nobody);
        assert!(nobody.as_str().starts_with("$2b$04$"));
        assert!(!nobody.verify(&password("password")).unwrap());
    }

    #[test]
    fn what_is_no_bcrypt_hash_is_refused() {
        for text in [
            "",
            "password",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "$2b$12$tooshort",
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
