//! Text of others, as it is shown to people.

/// A text that is one line, of characters that are seen, in the order in which they stand, whatever it was: it can add no line to a
/// mail, no header and no field to a log, hides nothing, and changes the order of nothing around it.
///
/// What somebody else wrote and a person reads becomes this first: what a client says of itself, what a service says of a booking, what
/// a provider answers. What people choose to be shown ([`RoleDescription`](super::RoleDescription)) is refused unless it is this already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayText(String);

impl DisplayText {
    /// `text` with a space for whatever breaks lines and for spaces in a row, and without what nobody sees.
    pub fn of(text: &str) -> Self {
        let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
        let words: Vec<_> = seen.split(breaks).filter(|word| !word.is_empty()).collect();
        Self(words.join(" "))
    }

    /// As much of it as so many characters.
    pub fn cut(mut self, most: usize) -> Self {
        if let Some((end, _)) = self.0.char_indices().nth(most) {
            self.0.truncate(end);
            self.0.truncate(self.0.trim_end().len());
        }
        self
    }

    /// Whether a text has nothing that breaks a line or is not seen.
    pub fn is_plain(text: &str) -> bool {
        text.chars().all(|c| c == ' ' || !(breaks(c) || is_unseen(c)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<DisplayText> for String {
    fn from(text: DisplayText) -> Self {
        text.0
    }
}

impl std::fmt::Display for DisplayText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn breaks(c: char) -> bool {
    c.is_control() || c.is_whitespace()
}

/// What Unicode has ignored when it is shown (`Default_Ignorable_Code_Point`: joiners, marks and overrides of direction, variation
/// selectors, tags), the marks of annotations, the empty pattern of Braille, and what is no character.
fn is_unseen(c: char) -> bool {
    let is_ignored = matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    );
    let is_none = matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE;
    is_ignored || is_none || c == '\u{2800}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_becomes_one_line_that_reads_in_one_direction() {
        for (text, line) in [
            ("JW 123", "JW 123"),
            ("JW\r\nBcc: eve@example.com", "JW Bcc: eve@example.com"),
            (
                "a\u{2028}b\u{85}c\td\u{0}e\u{2029}f\u{b}g\u{a0}h",
                "a b c d e f g h",
            ),
            ("\u{202e}desrever\u{200b}", "desrever"),
            ("\u{2066}a\u{2069}\u{61c}b\u{ad}c\u{feff}", "abc"),
            ("ad\u{e0061}\u{e0064}min\u{fe0f}\u{e0100}", "admin"),
            ("\u{3164}\u{115f}\u{2800}\u{180e}", ""),
            ("São Paulo–Zürich ✈", "São Paulo–Zürich ✈"),
            ("תל אביב", "תל אביב"),
        ] {
            assert_eq!(DisplayText::of(text).as_str(), line, "{text:?}");
            assert_eq!(DisplayText::is_plain(text), text == line, "{text:?}");
        }
    }

    #[test]
    fn a_cut_text_has_so_many_characters_and_no_space_at_its_end() {
        assert_eq!(DisplayText::of("é b c").cut(3).as_str(), "é b");
        assert_eq!(DisplayText::of("é b c").cut(2).as_str(), "é");
        assert_eq!(DisplayText::of("é b c").cut(9).as_str(), "é b c");
    }

    proptest! {
        #[test]
        fn whatever_it_was_it_is_plain_and_stays_as_it_is(
            text in proptest::collection::vec(prop_oneof![
                any::<char>(),
                prop::char::range('\u{0}', '\u{ff}'),
                prop::char::range('\u{2000}', '\u{206f}'),
                prop::char::range('\u{e0000}', '\u{e01ff}'),
            ], 0..40),
            most in 0..40_usize,
        ) {
            let text: String = text.into_iter().collect();
            let shown = DisplayText::of(&text).cut(most);
            let line = shown.as_str();
            prop_assert!(DisplayText::is_plain(line), "{line:?}");
            prop_assert!(!line.starts_with(' ') && !line.ends_with(' ') && !line.contains("  "));
            prop_assert!(line.chars().count() <= most);
            prop_assert_eq!(DisplayText::of(line), shown.clone());
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric() && !is_unseen(*c)).collect::<String>();
            prop_assert!(kept(&text).starts_with(&kept(line)), "nothing that is seen is lost");
        }
    }
}
