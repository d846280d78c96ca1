//! Text from elsewhere, as one line.

use serde::Deserialize;

/// A name from elsewhere is no longer than a person would read.
const MAX_CHARS: usize = 64;

/// A short text that is one line and reads in one direction, whatever it was: it can add no line to a mail, no header, and change
/// the order of nothing around it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Line(String);

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self(one_line(&text).chars().take(MAX_CHARS).collect())
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `text` with a space for whatever breaks lines, and without marks that nobody sees.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || c.is_whitespace();
    let invisible = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let visible: String = text.chars().filter(|c| !invisible(c)).collect();
    let words: Vec<_> = visible.split(breaks).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_line_that_reads_in_one_direction() {
        for (text, line) in [
            ("JW 123", "JW 123"),
            ("JW\r\nBcc: eve@example.com", "JW Bcc: eve@example.com"),
            ("a\u{2028}b\u{85}c\td\u{0}e", "a b c d e"),
            ("\u{202e}desrever\u{200b}", "desrever"),
            ("São Paulo–Zürich ✈", "São Paulo–Zürich ✈"),
        ] {
            assert_eq!(Line::from(text.to_owned()).to_string(), line, "{text:?}");
        }
        assert_eq!(
            Line::from("long ".repeat(100)).to_string().chars().count(),
            MAX_CHARS
        );
    }
}
