//! The words of this service, which are guessed here before all others: its name, its trade, its roles.
//!
//! docs/problems.md lists them.

/// In lower case, of four letters and more, in alphabetical order.
pub(super) const WORDS: [&str; 42] = [
    "admin",
    "administrator",
    "aircraft",
    "airfare",
    "airline",
    "airlines",
    "airplane",
    "airport",
    "airways",
    "arrival",
    "aviation",
    "baggage",
    "boarding",
    "booking",
    "bookings",
    "cabin",
    "checkin",
    "customer",
    "departure",
    "destination",
    "flight",
    "flights",
    "flying",
    "gateway",
    "holiday",
    "jetway",
    "journey",
    "luggage",
    "operator",
    "passenger",
    "passport",
    "pilot",
    "plane",
    "reservation",
    "runway",
    "seat",
    "terminal",
    "ticket",
    "tickets",
    "travel",
    "trip",
    "vacation",
];

/// Whether this, in lower case, is one of them.
pub(super) fn is_ours(text: &str) -> bool {
    WORDS.binary_search(&text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_documented() {
        assert!(WORDS.is_sorted());
        let page = include_str!("../../../../../docs/problems.md");
        for word in WORDS {
            assert!(is_ours(word) && word.len() >= 4, "{word}");
            assert!(
                page.contains(&format!("`{word}`")),
                "docs/problems.md does not list {word}"
            );
        }
        assert!(!is_ours("jetways"));
    }
}
