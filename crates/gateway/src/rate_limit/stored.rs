//! A counter's value as stores keep it.

/// The count that a stored value stands for. SQLite has eight little-endian bytes, Redis and DynamoDB decimal text. Eight
/// digits are text: as bytes they would be a number, or three side by side, that no quota comes near. A count below zero is none; a value that
/// nobody who counts has written is `None`.
pub(crate) fn count_of(value: &[u8]) -> Option<u64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let count = if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        std::str::from_utf8(value).ok()?.parse::<i64>().ok()?
    } else {
        i64::from_le_bytes(value.try_into().ok()?)
    };
    Some(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_forms_are_read(count in 0_i64..1_000_000_000_000_000) {
            let expected = u64::try_from(count).unwrap();
            prop_assert_eq!(count_of(&count.to_le_bytes()), Some(expected));
            prop_assert_eq!(count_of(count.to_string().as_bytes()), Some(expected));
        }

        /// Three counts of one window, whose sum no more than a quota and what is yet to be given back.
        #[test]
        fn three_side_by_side_are_read(first in 0_i64..500_000, second in 0_i64..500_000, third in 0_i64..500_000) {
            let number = first | second << 21 | third << 42;
            let expected = u64::try_from(number).unwrap();
            prop_assert_eq!(count_of(&number.to_le_bytes()), Some(expected));
            prop_assert_eq!(count_of(number.to_string().as_bytes()), Some(expected));
        }

        #[test]
        fn nothing_panics(value: Vec<u8>) {
            let _ = count_of(&value);
        }
    }

    #[test]
    fn less_than_nothing_is_nothing_and_nonsense_is_no_count() {
        assert_eq!(count_of(&(-3_i64).to_le_bytes()), Some(0));
        assert_eq!(count_of(b"-3"), Some(0));
        for nonsense in [b"".as_slice(), b"-", b"12x", b"1.5", &[1; 9]] {
            assert_eq!(count_of(nonsense), None, "{nonsense:?}");
        }
    }
}
