//! The passwords that most people choose, and the words they make others from.
//!
//! `common.txt` holds, in lower case and alphabetical order, the 3,000 most frequent passwords of 8 characters or more (shorter
//! ones are refused anyhow) and the 1,500 most frequent words of 4 to 7 letters. They are the first such of the list that the crate
//! `zxcvbn` 3.1.1 carries (MIT: `common.LICENSE`), which has 30,000 from leaked databases in the order of their frequency. Each
//! line says how many characters it shares with the one before it (a digit in base 36), and then the rest.

use std::sync::OnceLock;

/// The longest of them.
pub(super) const LONGEST: usize = 18;

static COMMON: OnceLock<Vec<String>> = OnceLock::new();

/// Whether this, in lower case, is one of them.
pub(super) fn is_common(text: &str) -> bool {
    let all = COMMON.get_or_init(|| read(include_str!("common.txt")));
    all.binary_search_by(|common| common.as_str().cmp(text)).is_ok()
}

fn read(lines: &str) -> Vec<String> {
    let mut before = String::new();
    lines
        .lines()
        .map(|line| {
            let mut characters = line.chars();
            let shared = characters.next().and_then(|digit| digit.to_digit(36));
            before.truncate(
                shared
                    .and_then(|shared| usize::try_from(shared).ok())
                    .unwrap_or(0),
            );
            before.push_str(characters.as_str());
            before.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_thousand_of_them_are_long_enough_to_be_passwords() {
        let all = read(include_str!("common.txt"));
        assert!(all.is_sorted());
        let long = all.iter().filter(|common| common.len() >= 8).count();
        assert_eq!((long, all.len()), (3000, 4500));
        assert_eq!(all.iter().map(String::len).max(), Some(LONGEST));
    }

    #[test]
    fn each_is_found_and_nothing_else_is() {
        for common in read(include_str!("common.txt")) {
            assert!(is_common(&common), "{common}");
            assert!(!is_common(&format!("{common}~")));
        }
        assert!(!is_common(""));
    }
}
