//! A password as it is stored: hashed with bcrypt.

use subtle::ConstantTimeEq as _;

use super::bcrypt::{Bcrypt, Parts};
use super::{Invalid, Password, PepperVersion, Peppers};

/// What stands before a bcrypt hash that was made over an HMAC; the version of its pepper follows, and then the hash.
const PREFIX: &str = "$bcrypt-hmac-sha256$p=";

/// A bcrypt hash in one of two forms. `$bcrypt-hmac-sha256$p=1$2b$12$...` was made over an HMAC of the password, with the pepper of
/// that version ([`Peppers`]): all new ones are. `$2b$12$...` was made over the password itself, by whom the account was taken
/// over from. `Debug` does not show it.
///
/// To make one takes long, and so it is made in slices: [`begin`](Self::begin), or [`check`](Self::check) for one to
/// compare with, and then [`Bcrypt::advance`] until it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    parts: Parts,
    /// `None` where bcrypt hashed the password itself.
    pepper: Option<PepperVersion>,
}

/// The text is no bcrypt hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a bcrypt hash")]
pub struct InvalidPasswordHash;

impl PasswordHash {
    /// Reads a hash out of the database.
    pub fn parse(text: String) -> Result<Self, InvalidPasswordHash> {
        let read = || {
            let Some(rest) = text.strip_prefix(PREFIX) else {
                return Some((Parts::parse(&text)?, None));
            };
            let (version, bcrypt) = rest.split_at_checked(rest.find('$')?)?;
            let is_ours = bcrypt.starts_with("$2b$");
            let version = PepperVersion::of_digits(version).filter(|_| is_ours)?;
            Some((Parts::parse(bcrypt)?, Some(version)))
        };
        let (parts, pepper) = read().ok_or(InvalidPasswordHash)?;
        Ok(Self { text, parts, pepper })
    }

    /// Begins to hash `password` for [`peppered`](Self::peppered). `salt` is to be as random as a key.
    pub fn begin(password: &Password, peppers: &Peppers, cost: BcryptCost, salt: [u8; 16]) -> Bcrypt {
        let seasoned = peppers.season(password.normalised(), peppers.version());
        Bcrypt::begin(seasoned.as_bytes(), cost.0, salt)
    }

    /// What came of [`begin`](Self::begin), as it is stored.
    #[must_use]
    pub fn peppered(self, peppers: &Peppers) -> Self {
        let version = peppers.version();
        Self {
            text: format!("{PREFIX}{version}{}", self.parts.to_text()),
            pepper: Some(version),
            ..self
        }
    }

    /// Begins to hash `password` as the one behind this hash was: what comes of it is to be asked for by
    /// [`is_matched_by`](Self::is_matched_by), where no pepper is [missing](Self::missing_pepper).
    pub fn check(&self, password: &Password, peppers: &Peppers) -> Bcrypt {
        // Seasoned even where it is not used, so that it is the same work for both.
        let seasoned = peppers.season(password.normalised(), self.pepper.unwrap_or(peppers.version()));
        let key = match self.pepper {
            Some(_) => seasoned.as_bytes(),
            // As it was typed, and no more of it than bcrypt reads: so it was hashed.
            None => password.as_bytes(),
        };
        Bcrypt::begin(key, self.parts.cost, self.parts.salt)
    }

    /// The version of the pepper that it was made with, if that is not known: then nobody's password can be checked against it.
    pub fn missing_pepper(&self, peppers: &Peppers) -> Option<PepperVersion> {
        self.pepper.filter(|version| !peppers.has(*version))
    }

    /// Whether a hash that is made now would be of another form, pepper or cost.
    pub fn is_outdated(&self, peppers: &Peppers, cost: BcryptCost) -> bool {
        self.pepper != Some(peppers.version()) || self.parts.cost != cost.0
    }

    /// Whether `computed` is the same hash, told in a time that says nothing of where they differ. The version in front
    /// does not count: it names the program that made the hash, and not another function.
    pub fn is_matched_by(&self, computed: &Self) -> bool {
        let (ours, other) = (&self.parts, &computed.parts);
        let same = ours.digest.ct_eq(&other.digest) & ours.salt.ct_eq(&other.salt);
        (same & ours.cost.ct_eq(&other.cost)).into()
    }

    /// How much work it is to make it.
    pub fn cost(&self) -> BcryptCost {
        BcryptCost(self.parts.cost)
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
        Self {
            text: parts.to_text(),
            parts,
            pepper: None,
        }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// The dearest hash that a password is checked against where new ones are of this cost. One that was taken over may be four times the
    /// work; but every sign-in does as much as the dearest there is, and so a dearer one is nobody's.
    #[must_use]
    pub fn dearest_checked(self) -> Self {
        Self((self.0 + 2).max(14))
    }

    /// The two digits that a hash says it with.
    pub fn digits(self) -> String {
        format!("{:02}", self.0)
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
        Password::claimed(text.to_owned()).unwrap()
    }

    fn cheap() -> BcryptCost {
        BcryptCost::parse("4").unwrap()
    }

    fn peppers(current: &str, version: &str, previous: &str) -> Peppers {
        let version = PepperVersion::parse(version).unwrap();
        Peppers::new(current.to_owned(), version, previous.to_owned()).unwrap()
    }

    fn made(mut bcrypt: Bcrypt) -> PasswordHash {
        while bcrypt.rounds_left() > 0 {
            Bcrypt::advance([&mut bcrypt]);
        }
        bcrypt.hash().unwrap()
    }

    fn hash_with(peppers: &Peppers, text: &str) -> PasswordHash {
        made(PasswordHash::begin(&password(text), peppers, cheap(), [7; 16])).peppered(peppers)
    }

    /// As another program hashed it.
    fn plain(text: &str, version: &str) -> PasswordHash {
        let hash = bcrypt::hash_with_salt(text, 4, [7; 16]).unwrap().to_string();
        PasswordHash::parse(format!("{version}{}", &hash[4..])).unwrap()
    }

    fn verifies_with(peppers: &Peppers, hash: &PasswordHash, text: &str) -> bool {
        hash.is_matched_by(&made(hash.check(&password(text), peppers)))
    }

    #[test]
    fn a_new_hash_says_how_it_was_made_and_is_read_back() {
        for (peppers, prefix) in [
            (Peppers::none(), "$bcrypt-hmac-sha256$p=0$2b$04$"),
            (
                peppers("salt's brother", "12", ""),
                "$bcrypt-hmac-sha256$p=12$2b$04$",
            ),
        ] {
            let hash = hash_with(&peppers, "correct horse");
            assert!(hash.as_str().starts_with(prefix), "{}", hash.as_str());
            let stored = PasswordHash::parse(hash.as_str().to_owned()).unwrap();
            assert_eq!(stored, hash);
            assert!(verifies_with(&peppers, &stored, "correct horse"));
            assert!(!verifies_with(&peppers, &stored, "correct house"));
        }
    }

    /// bcrypt over base64(HMAC-SHA-256(pepper, password)), as any other program computes it.
    #[test]
    fn a_new_hash_is_what_the_form_says() {
        let hash = hash_with(&peppers("Jefe", "1", ""), "what do ya want for nothing?");
        let bcrypt = hash.as_str().strip_prefix("$bcrypt-hmac-sha256$p=1").unwrap();
        assert!(bcrypt::verify("W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", bcrypt).unwrap());
    }

    #[test]
    fn a_hash_matches_with_its_own_pepper_alone() {
        let old = hash_with(&peppers("old", "1", ""), "correct horse");
        let rotated = peppers("new", "2", "old");
        assert!(verifies_with(&rotated, &old, "correct horse"));
        assert!(old.missing_pepper(&rotated).is_none());
        let later = peppers("newer", "3", "new");
        assert_eq!(
            old.missing_pepper(&later).map(|version| version.to_string()),
            Some("1".to_owned())
        );
        assert!(!verifies_with(
            &peppers("another", "1", ""),
            &old,
            "correct horse"
        ));
        assert!(old.missing_pepper(&Peppers::none()).is_some());
    }

    #[test]
    fn what_was_made_without_a_pepper_verifies_with_any() {
        let none = hash_with(&Peppers::none(), "correct horse");
        assert!(verifies_with(&peppers("new", "2", "old"), &none, "correct horse"));
    }

    #[test]
    fn another_form_pepper_or_cost_is_outdated() {
        let (current, dearer) = (peppers("new", "2", "old"), BcryptCost::parse("5").unwrap());
        let hash = hash_with(&current, "correct horse");
        assert!(!hash.is_outdated(&current, cheap()));
        assert!(hash.is_outdated(&current, dearer));
        for old in [
            hash_with(&Peppers::none(), "correct horse"),
            hash_with(&peppers("old", "1", ""), "correct horse"),
            plain("correct horse", "$2b$"),
        ] {
            assert!(old.is_outdated(&current, cheap()), "{}", old.as_str());
        }
    }

    #[test]
    fn a_plain_hash_matches_its_password_whatever_version_it_names() {
        for version in ["$2a$", "$2b$", "$2y$"] {
            let stored = plain("correct horse", version);
            assert!(
                verifies_with(&Peppers::none(), &stored, "correct horse"),
                "{version}"
            );
            assert!(
                !verifies_with(&Peppers::none(), &stored, "correct house"),
                "{version}"
            );
        }
    }

    #[test]
    fn all_characters_count_but_against_a_plain_hash() {
        let long = "p".repeat(72);
        let (one, other) = (format!("{long}a"), format!("{long}b"));
        let hash = hash_with(&Peppers::none(), &one);
        assert!(verifies_with(&Peppers::none(), &hash, &one));
        assert!(!verifies_with(&Peppers::none(), &hash, &other));
        // The program that made it cut the password, and so it must be cut to be compared.
        let cut = plain(&long, "$2b$");
        assert!(verifies_with(&Peppers::none(), &cut, &one));
        assert!(!verifies_with(&Peppers::none(), &cut, &"q".repeat(73)));
    }

    #[test]
    fn the_two_ways_to_write_a_letter_are_one_password_but_against_a_plain_hash() {
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        let hash = hash_with(&Peppers::none(), composed);
        assert!(verifies_with(&Peppers::none(), &hash, decomposed));
        let plain = plain(decomposed, "$2b$");
        assert!(verifies_with(&Peppers::none(), &plain, decomposed));
        assert!(!verifies_with(&Peppers::none(), &plain, composed));
    }

    #[test]
    fn a_password_goes_on_behind_a_nul() {
        let hash = hash_with(&Peppers::none(), "correct\0horse");
        assert!(verifies_with(&Peppers::none(), &hash, "correct\0horse"));
        assert!(!verifies_with(&Peppers::none(), &hash, "correct\0house"));
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash_of_the_same_cost_that_nothing_matches() {
        let nobody = PasswordHash::of_nobody(cheap());
        assert_eq!(PasswordHash::parse(nobody.as_str().to_owned()).unwrap(), nobody);
        let check = nobody.check(&password("password"), &Peppers::none());
        assert_eq!(check.rounds_left(), cheap().rounds());
        assert!(!verifies_with(&Peppers::none(), &nobody, "password"));
    }

    #[test]
    fn what_is_no_bcrypt_hash_is_refused() {
        for text in [
            "",
            "password",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "$2b$12$tooshort",
            // Not our own, without its version, with one that is written otherwise, and no hash behind it.
            "$bcrypt-hmac-sha256$p=1$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            "$bcrypt-hmac-sha256$p=$2b$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            "$bcrypt-hmac-sha256$p=01$2b$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            "$bcrypt-hmac-sha256$p=1",
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
    fn a_hash_of_another_program_may_be_four_times_the_work_but_not_the_work_of_a_minute() {
        for (ours, dearest) in [("4", "14"), ("12", "14"), ("13", "15"), ("20", "22")] {
            assert_eq!(
                BcryptCost::parse(ours).unwrap().dearest_checked().digits(),
                dearest
            );
        }
        assert_eq!(cheap().digits(), "04");
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
