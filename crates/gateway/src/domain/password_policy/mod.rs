//! Which passwords are refused as new ones: those that are guessed first. There are no rules about kinds of characters, which
//! make passwords harder to remember and hardly harder to guess.

mod common;
mod context;
mod guesses;

use super::{EmailAddress, InvalidPassword};

/// How many guesses, as a power of ten, a password is to withstand: those that the rate limits let through in years.
const LEAST_GUESSES: u32 = 8;

/// Shorter local parts stand in many a good password by chance.
const SHORTEST_LOCAL_PART: usize = 4;

/// Why `password`, in normal form C, is not to be the password of this address.
pub(super) fn refuse(password: &str, email: Option<&EmailAddress>) -> Result<(), InvalidPassword> {
    let lower = password.to_lowercase();
    if common::is_common(&lower) {
        return Err(InvalidPassword::TooCommon);
    }
    let local_part = email.map(|email| email.local_part().to_ascii_lowercase());
    if local_part.is_some_and(|part| part.len() >= SHORTEST_LOCAL_PART && lower.contains(&part)) {
        return Err(InvalidPassword::ContainsEmail);
    }
    if guesses::tenths(password) < 10 * LEAST_GUESSES {
        return Err(InvalidPassword::TooGuessable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(password: &str, email: &str) -> Option<InvalidPassword> {
        refuse(password, Some(&EmailAddress::parse(email).unwrap())).err()
    }

    #[test]
    fn what_everybody_chooses_is_refused_in_any_case() {
        for password in [
            "password", "12345678", "iloveyou", "Baseball", "TRUSTNO1", "1qaz2wsx",
        ] {
            assert_eq!(
                refusal(password, "a@b.c"),
                Some(InvalidPassword::TooCommon),
                "{password}"
            );
        }
    }

    #[test]
    fn the_name_in_the_address_is_refused_wherever_it_stands() {
        for password in ["Lovelace and others", "my lovelace-42 key", "I am LOVELACE, ok"] {
            let refused = refusal(password, "Lovelace@example.com");
            assert_eq!(refused, Some(InvalidPassword::ContainsEmail), "{password}");
        }
        assert_eq!(
            refusal("ada goes sailing", "ada@example.com"),
            None,
            "too short to mean anything"
        );
        assert_eq!(refuse("my lovelace-42 key", None), Ok(()));
    }

    #[test]
    fn what_is_built_from_what_everybody_chooses_is_refused() {
        for password in [
            "Password123!",
            "P@ssw0rd2024",
            "abcdefghij",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "qwertyqwerty1",
            "Jennifer1990",
            "87654321xx",
            "asdfghjkl;1",
            "19841984198",
        ] {
            assert_eq!(
                refusal(password, "a@b.c"),
                Some(InvalidPassword::TooGuessable),
                "{password}"
            );
        }
    }

    #[test]
    fn what_is_built_from_the_words_of_this_service_is_refused() {
        for password in [
            "jetwayflights",
            "JetwayFlights2026!",
            "my jetway ticket",
            "Airline-Booking-1",
            "4dmin1str4t0r!!",
            "flight booking admin",
            "jetwayjetwayjetway",
        ] {
            assert_eq!(
                refusal(password, "a@b.c"),
                Some(InvalidPassword::TooGuessable),
                "{password}"
            );
        }
        // One of them among other words is none the worse for it.
        assert_eq!(refusal("correct horse on a flight", "a@b.c"), None);
    }

    #[test]
    fn what_is_long_or_random_is_taken_whatever_it_is_made_of() {
        for password in [
            "correct horse battery",
            "kx7#qLm2",
            "wq tzmfe",
            "Tr0ub4dor&3",
            "drei graue kater",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{43c}\u{43e}\u{439}",
            "\u{1f511}\u{1f98a}\u{1f30b}\u{1f40c}\u{1f9ed}\u{1f680}\u{1f355}\u{26c4}",
        ] {
            assert_eq!(refusal(password, "a@b.c"), None, "{password}");
        }
    }

    #[test]
    fn the_longest_password_is_judged_in_no_time() {
        for part in ["password", "a\u{301}", "qwerty1", "abcdefgh ijklmnop"] {
            let longest: String = part.chars().cycle().take(128).collect();
            let started = std::time::Instant::now();
            assert!(refuse(&longest, None).is_ok() || refuse(&longest, None).is_err());
            // A hash takes a tenth of a second and more.
            assert!(started.elapsed().as_millis() < 500, "{part}");
        }
    }
}
