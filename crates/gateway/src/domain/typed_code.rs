//! Codes as people type them: with spaces and dashes between groups, with what a copied line brings along, and with the digits of
//! their own keyboard. What is left of it is for the code's own type to judge.

use zeroize::Zeroizing;

/// More than any code has, however it is typed: what is longer is none, and is not looked at.
const MAX_BYTES: usize = 512;

/// The zeros of the decimal digits of Unicode 16 (general category Nd), each followed by its one to nine.
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40,
    0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA,
    0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0,
    0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0,
    0x1E5F1, 0x1E950, 0x1FBF0,
];

/// What was meant by `text`: ASCII digits for the digits of any script, letters in upper case and of ordinary width, and nothing of
/// what only stands between. Anything else is left as it is, for the code's type to refuse.
pub(super) fn meant(text: &str) -> Zeroizing<String> {
    let text = if text.len() <= MAX_BYTES { text } else { "?" };
    // With the room for it, no part is left behind by a move.
    let mut meant = Zeroizing::new(String::with_capacity(text.len()));
    meant.extend(text.chars().filter(|c| !stands_between(*c)).map(plain));
    meant
}

/// Whether nothing was typed at all: a form sends the empty text of a field that nobody has filled in.
pub fn is_left_out(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.chars().all(stands_between)
}

fn plain(c: char) -> char {
    if let Some(digit) = digit(c) {
        return digit;
    }
    // The letters of full width stand in the order of ASCII.
    let narrow = match u32::from(c) {
        wide @ 0xFF21..=0xFF5A => char::from_u32(wide - 0xFF21 + 0x41),
        _ => None,
    };
    narrow.unwrap_or(c).to_ascii_uppercase()
}

fn digit(c: char) -> Option<char> {
    let zero = ZEROS.iter().rev().find(|zero| **zero <= u32::from(c))?;
    char::from_digit(u32::from(c) - zero, 10)
}

/// Spaces, line ends, dashes, and what is not seen.
fn stands_between(c: char) -> bool {
    let is_dash = matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}'
    );
    let is_unseen = matches!(
        c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    );
    c.is_whitespace() || is_dash || is_unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_is_left_out() {
        for typed in [
            "123456",
            "123 456",
            "123-456",
            " 123456",
            "123456\r\n",
            "123\u{a0}456\u{a0}",
            "123\u{2009}456",
            "123\u{202f}456",
            "123\u{2011}456",
            "123\u{2013}456",
            "123\u{2212}456",
            "\t1 2 3\u{3000}4 5 6",
            "\u{feff}123\u{200b}456",
            "\u{202d}123456\u{202c}",
            "\u{2066}123456\u{2069}",
            "123\u{ad}456",
        ] {
            assert_eq!(*meant(typed), "123456", "{typed:?}");
        }
    }

    #[test]
    fn the_digits_of_every_script_are_digits() {
        for typed in [
            "\u{ff11}\u{ff12}\u{ff13}",
            "\u{661}\u{662}\u{663}",
            "\u{6f1}\u{6f2}\u{6f3}",
            "\u{967}\u{968}\u{969}",
            "\u{e51}\u{e52}\u{e53}",
            "\u{1d7cf}\u{1d7da}\u{1d7e5}",
            "\u{1fbf1}\u{1fbf2}\u{1fbf3}",
        ] {
            assert_eq!(*meant(typed), "123", "{typed:?}");
        }
        for (zero, next) in ZEROS.iter().zip(&ZEROS[1..]) {
            assert!(zero + 9 < *next, "{zero:x} runs into {next:x}");
        }
        for zero in ZEROS {
            let nine = char::from_u32(zero + 9).unwrap();
            assert!(
                char::from_u32(zero).unwrap().is_numeric() && nine.is_numeric(),
                "{zero:x}"
            );
            assert_eq!(digit(nine), Some('9'));
        }
        // A number, and no digit.
        assert_eq!(*meant("\u{2460}\u{b2}\u{bd}"), "\u{2460}\u{b2}\u{bd}");
    }

    #[test]
    fn letters_are_of_one_case_and_width() {
        assert_eq!(*meant("aB\u{ff41}\u{ff22}"), "ABAB");
        assert_eq!(*meant("\u{e9}\u{3b1}"), "\u{e9}\u{3b1}");
    }

    #[test]
    fn an_empty_field_is_left_out() {
        for typed in ["", " ", "\u{a0}\n", "-"] {
            assert!(is_left_out(typed), "{typed:?}");
        }
        for typed in ["0", "x"] {
            assert!(!is_left_out(typed), "{typed:?}");
        }
        assert!(!is_left_out(&" ".repeat(MAX_BYTES + 1)));
        assert_eq!(*meant(&"1".repeat(MAX_BYTES + 1)), "?");
    }
}
