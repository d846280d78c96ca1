//! How many guesses a password withstands of somebody who knows how people choose theirs.
//!
//! A password is read as a row of pieces, in the way that needs the fewest guesses: words that are common or ours, runs such as `abcd`, `4321`
//! and `aaaa`, rows of the keyboard, years, what was there before, and single characters. It is the idea of `zxcvbn`, on a scale of
//! tenths of a power of ten; that crate itself would bring its dictionaries into each component.

use super::common::{self, is_common};
use super::context::is_ours;

/// One of ten, as in `zxcvbn`: people do not choose their characters evenly.
const CHARACTER: u32 = 10;
/// One of some thousand.
const WORD: u32 = 35;
/// One of some dozens, which are tried first.
const OWN_WORD: u32 = 15;
/// The same with capitals somewhere, or with digits for letters.
const TWISTED: u32 = 4;
/// Where it begins, which way it goes, and where it ends.
const RUN: u32 = 20;
/// One of a hundred and some.
const YEAR: u32 = 20;
/// Of which length, and how often.
const REPETITION: u32 = 10;

const SHORTEST_WORD: usize = 4;
const SHORTEST_RUN: usize = 3;
const SHORTEST_REPETITION: usize = 3;

/// Rows of keyboards, in both directions.
const ROWS: [&str; 6] = [
    "qwertyuiop",
    "asdfghjkl;",
    "zxcvbnm,./",
    "qwertzuiop",
    "azertyuiop",
    "1234567890",
];

/// The power of ten, in tenths, of the guesses that `password` withstands.
pub(super) fn tenths(password: &str) -> u32 {
    let characters: Vec<char> = password.chars().collect();
    // The fewest guesses for the first so many characters.
    let mut fewest = vec![u32::MAX; characters.len() + 1];
    fewest[0] = 0;
    for start in 0..characters.len() {
        let (before, rest) = characters.split_at(start);
        let so_far = fewest[start];
        let mut piece = |length: usize, cost: u32| {
            let there = &mut fewest[start + length];
            *there = (*there).min(so_far.saturating_add(cost));
        };
        piece(1, CHARACTER);
        for (length, cost) in words(rest) {
            let twisted = rest[..length].iter().any(|c| !c.is_lowercase());
            piece(length, cost + if twisted { TWISTED } else { 0 });
        }
        for length in SHORTEST_RUN..=run(rest).max(row(rest)) {
            piece(length, RUN);
        }
        if is_year(rest) {
            piece(4, YEAR);
        }
        for length in SHORTEST_REPETITION..=repetition(before, rest) {
            piece(length, REPETITION);
        }
    }
    fewest[characters.len()]
}

/// The words that it begins with, common ones and our own: their lengths, and what each is worth.
fn words(text: &[char]) -> impl Iterator<Item = (usize, u32)> {
    let lower: String = text
        .iter()
        .take(common::LONGEST)
        .flat_map(|c| c.to_lowercase())
        .collect();
    let plain: String = lower.chars().map(letter_for).collect();
    let ends = SHORTEST_WORD..=text.len().min(common::LONGEST);
    ends.filter_map(move |end| {
        let is_any = |is: fn(&str) -> bool| {
            let starts = [lower.get(..end), plain.get(..end)];
            starts.into_iter().flatten().any(is)
        };
        if is_any(is_ours) {
            Some((end, OWN_WORD))
        } else {
            is_any(is_common).then_some((end, WORD))
        }
    })
}

/// The letter that a digit or a sign is often put for.
fn letter_for(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' | '|' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

/// How long it goes on by the same step: up, down, or not at all.
fn run(text: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let mut steps = text.windows(2).map(step);
    match steps.next() {
        Some(first @ -1..=1) => 2 + steps.take_while(|next| *next == first).count(),
        _ => 0,
    }
}

/// How long it goes along a row of a keyboard.
fn row(text: &[char]) -> usize {
    let along = |row: &mut dyn Iterator<Item = char>| {
        let mut pairs = row.zip(text.iter().flat_map(|c| c.to_lowercase()));
        let first = pairs.next().is_some_and(|(key, c)| key == c);
        if first {
            1 + pairs.take_while(|(key, c)| key == c).count()
        } else {
            0
        }
    };
    let from_each_key = ROWS.iter().flat_map(|row| {
        (0..row.len()).flat_map(move |start| {
            let (before, after) = row.split_at(start);
            [along(&mut after.chars()), along(&mut before.chars().rev())]
        })
    });
    from_each_key.max().unwrap_or(0)
}

/// Whether it begins with a year of somebody's life.
fn is_year(text: &[char]) -> bool {
    matches!(text, ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit())
}

/// How long it repeats what was before it, from anywhere there.
fn repetition(before: &[char], text: &[char]) -> usize {
    let repeated = |start: usize| {
        // It may repeat itself: `abcabcabc` is `abc` and six characters that repeat what is three before them.
        let whole = before[start..].iter().chain(text);
        whole.zip(text).take_while(|(a, b)| a == b).count()
    };
    (0..before.len()).map(repeated).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_piece_costs_what_it_is_worth() {
        for (password, cost) in [
            ("", 0),
            ("x#", 2 * CHARACTER),
            ("dragon", WORD),
            ("Dragon", WORD + TWISTED),
            ("dr4g0n", WORD + TWISTED),
            ("jetway", OWN_WORD),
            ("J3tway", OWN_WORD + TWISTED),
            ("flights", OWN_WORD),
            ("administrator", OWN_WORD),
            ("abcdefgh", RUN),
            ("hgfedcba", RUN),
            ("7777777", RUN),
            ("qwertyuiop", RUN),
            ("lkjhgfdsa", RUN),
            ("1987", YEAR),
            ("#v_#v_#v_#v_", 3 * CHARACTER + REPETITION),
            ("dragon1987", WORD + YEAR),
        ] {
            assert_eq!(tenths(password), cost, "{password}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_no_character_counts_more_than_one(text in ".{0,128}") {
            prop_assert!(tenths(&text) <= CHARACTER * u32::try_from(text.chars().count()).unwrap());
        }
    }
}
