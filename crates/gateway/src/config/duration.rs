//! Spans of time as people write them in a manifest.

use std::time::Duration;

/// Not a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a span of time such as `600`, `500ms`, `10m` or `30d`")]
pub struct InvalidDuration;

/// A whole number with a unit: `ms`, `s`, `m`, `h` or `d`; seconds where there is none.
pub fn duration(text: &str) -> Result<Duration, InvalidDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| InvalidDuration)?;
    let seconds_each = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(InvalidDuration),
    };
    number
        .checked_mul(seconds_each)
        .map(Duration::from_secs)
        .ok_or(InvalidDuration)
}

/// How long a token lives: at least a second. Tokens count in whole ones, and one that is over when it is issued is a mistake
/// that looks like an outage.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Ok(lifetime) if lifetime < Duration::from_secs(1) => Err("is shorter than a second".to_owned()),
        Ok(lifetime) => Ok(lifetime),
        Err(error) => Err(error.to_string()),
    }
}

/// Not a time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimeout {
    /// Not a span of time.
    #[error(transparent)]
    Malformed(#[from] InvalidDuration),
    /// Nothing can be done in no time.
    #[error("must be longer than zero")]
    Zero,
}

/// Reads a span of time in which something can be done.
pub fn time_limit(text: &str) -> Result<Duration, InvalidTimeout> {
    let limit = duration(text)?;
    if limit.is_zero() {
        return Err(InvalidTimeout::Zero);
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_their_units() {
        let spans = [
            ("0", 0),
            ("600", 600_000),
            ("10s", 10_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("500ms", 500),
        ];
        for (text, millis) in spans {
            assert_eq!(duration(text).unwrap().as_millis(), millis, "{text}");
        }
        assert_eq!(duration("30d").unwrap().as_secs(), 2_592_000);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "m",
            "-1",
            "+1",
            "1.5h",
            "1 m",
            "1w",
            "10M",
            "٣",
            "99999999999999999999",
            "999999999999999999d",
        ] {
            assert_eq!(duration(text), Err(InvalidDuration), "{text}");
        }
    }
}
