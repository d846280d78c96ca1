//! Times as text.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::ports::Timestamp;

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// `moment` in RFC 3339, UTC, always with milliseconds: texts of one length, so that SQL compares times by comparing
/// texts.
pub fn rfc3339(moment: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.as_millis()) * 1_000_000)
        .ok()
        .and_then(|time| time.format(FORMAT).ok())
        // A clock past the year 9999 has no such text; the last moment that has one compares as it should.
        .unwrap_or_else(|| "9999-12-31T23:59:59.999Z".to_owned())
}

/// The moment that `text` stands for, in RFC 3339 with any offset; `None` where it is no such text, or before 1970.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
    u64::try_from(millis).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_any_offset() {
        let millis = |text| parse_rfc3339(text).map(Timestamp::as_millis);
        assert_eq!(millis("2023-11-14T22:13:20.007Z"), Some(1_700_000_000_007));
        assert_eq!(millis("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000));
        for text in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "1969-12-31T23:59:59Z",
            "now",
        ] {
            assert_eq!(millis(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_have_milliseconds_and_one_length() {
        assert_eq!(rfc3339(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(Timestamp::from_millis(1_700_000_000_007)),
            "2023-11-14T22:13:20.007Z"
        );
        assert_eq!(
            rfc3339(Timestamp::from_millis(u64::MAX)),
            "9999-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn what_was_written_is_read_back() {
        for millis in [0, 1_700_000_000_007, 253_402_300_799_999] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(parse_rfc3339(&rfc3339(moment)), Some(moment));
        }
        for text in ["", "soon", "2023-11-14 22:13:20.007", "1969-12-31T23:59:59.000Z"] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
