//! Settings of instances, which may be ranges: when not all instances end at once, no wave of new ones follows.

use std::str::FromStr;
use std::time::Duration;

/// A value, or a range of values (the last excluded) that each instance draws its own from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw<T> {
    /// This value.
    Always(T),
    /// A value from the first on and before the second.
    Between(T, T),
}

impl Draw<usize> {
    /// The value that the random number `random` stands for.
    #[must_use]
    pub fn draw(self, random: usize) -> usize {
        match self {
            Self::Always(value) => value,
            Self::Between(first, end) => first + random % end.saturating_sub(first).max(1),
        }
    }
}

impl Draw<Duration> {
    /// The value that the random number `random` stands for.
    #[must_use]
    pub fn draw(self, random: u64) -> Duration {
        match self {
            Self::Always(value) => value,
            Self::Between(first, end) => {
                let nanoseconds = u64::try_from(end.saturating_sub(first).as_nanos()).unwrap_or(u64::MAX);
                first + Duration::from_nanos(random % nanoseconds.max(1))
            }
        }
    }
}

/// A number, or a range like `1..8`.
pub(super) fn count(text: &str) -> Result<Draw<usize>, String> {
    let draw = parse(text, |part| {
        usize::from_str(part).map_err(|_| format!("{part:?} is not a number"))
    })?;
    // No instance can serve no request.
    if matches!(draw, Draw::Always(0) | Draw::Between(0, _)) {
        return Err("it must be at least 1".to_owned());
    }
    Ok(draw)
}

/// A time, or a range like `1..8s` in which each number without a unit is in seconds.
pub(super) fn duration(text: &str) -> Result<Draw<Duration>, String> {
    parse(text, one_duration)
}

fn one_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: fn(u64) -> Duration = match &text[digits.len()..] {
        "" | "s" => Duration::from_secs,
        "ms" => Duration::from_millis,
        "us" | "μs" => Duration::from_micros,
        "ns" => Duration::from_nanos,
        _ => return Err(no_time(text)),
    };
    digits.parse().map(unit).map_err(|_| no_time(text))
}

fn no_time(text: &str) -> String {
    format!("{text:?} is not a time: write a whole number and one of s, ms, us, ns")
}

fn parse<T: PartialOrd>(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Draw<T>, String> {
    let Some((first, end)) = text.split_once("..") else {
        return one(text).map(Draw::Always);
    };
    let (first, end) = (one(first)?, one(end)?);
    if first < end {
        Ok(Draw::Between(first, end))
    } else {
        Err("the range is empty".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_read_as_spin_reads_them() {
        assert_eq!(count("8"), Ok(Draw::Always(8)));
        assert_eq!(count("1..8"), Ok(Draw::Between(1, 8)));
        for (text, expected) in [
            ("3", Duration::from_secs(3)),
            ("3s", Duration::from_secs(3)),
            ("3ms", Duration::from_millis(3)),
            ("3us", Duration::from_micros(3)),
            ("3μs", Duration::from_micros(3)),
            ("3ns", Duration::from_nanos(3)),
        ] {
            assert_eq!(duration(text), Ok(Draw::Always(expected)), "{text}");
        }
        assert_eq!(
            duration("500ms..2s"),
            Ok(Draw::Between(Duration::from_millis(500), Duration::from_secs(2)))
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "x", "-1", "0", "0..2", "8..1", "1..1", "1.5"] {
            assert!(count(text).is_err(), "{text:?}");
        }
        for text in ["", "s", "1m", "1.5s", "2..1"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_draw_stays_in_its_range() {
        for random in [0, 1, 6, 7, usize::MAX] {
            assert_eq!(Draw::Always(5).draw(random), 5);
            assert!((1..8).contains(&Draw::Between(1_usize, 8).draw(random)));
        }
        let between = Draw::Between(Duration::from_secs(1), Duration::from_secs(2));
        for random in [0, 1, u64::MAX] {
            assert!((Duration::from_secs(1)..Duration::from_secs(2)).contains(&between.draw(random)));
        }
    }
}
