//! How long before departure people are reminded.

use std::time::Duration;

use crate::config::{ConfigError, duration, read_optional};
use crate::ports::Variables;

/// More reminders of one booking than this are a mistake.
const MOST: usize = 10;
const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long before departure people are reminded. None: they are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReminderOffsets(Vec<Duration>);

/// Not a list of spans before departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of at most ten spans from a second to 90 days, such as `24h, 2h`, or `none`")]
pub struct InvalidReminderOffsets;

impl ReminderOffsets {
    /// Reads `reminder_offsets`. Missing and empty are the default, `24h, 2h`: a manifest cannot unset a variable.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let configured = read_optional(variables, "reminder_offsets", Self::parse).await?;
        Ok(configured.unwrap_or_else(|| Self(vec![hours(24), hours(2)])))
    }

    /// Spans as everywhere in the manifest, with commas between them; or `none`.
    pub fn parse(text: &str) -> Result<Self, InvalidReminderOffsets> {
        if text == "none" {
            return Ok(Self::default());
        }
        let spans: Vec<_> = text
            .split(',')
            .map(|span| duration(span.trim()).map_err(|_| InvalidReminderOffsets))
            .collect::<Result<_, _>>()?;
        let sensible = |span: &Duration| (Duration::from_secs(1)..=LONGEST).contains(span);
        if spans.len() <= MOST && spans.iter().all(sensible) {
            Ok(Self(spans))
        } else {
            Err(InvalidReminderOffsets)
        }
    }

    /// In whole seconds.
    pub fn seconds(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(Duration::as_secs)
    }
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn seconds(text: &str) -> Vec<u64> {
        let variables = TestVariables::of(&[("reminder_offsets", text)]);
        block_on(ReminderOffsets::read(&variables))
            .unwrap()
            .seconds()
            .collect()
    }

    #[test]
    fn spans_stand_in_a_list_and_a_day_and_two_hours_are_the_default() {
        assert_eq!(seconds("90m,30"), [5400, 30]);
        assert_eq!(seconds(" 7d , 24h "), [604_800, 86_400]);
        assert_eq!(seconds(""), [86_400, 7_200]);
        assert_eq!(seconds("none"), [0_u64; 0]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "soon",
            "2h;1h",
            "2h,",
            "-1h",
            "0",
            "500ms",
            "91d",
            "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s",
        ] {
            assert_eq!(
                ReminderOffsets::parse(text),
                Err(InvalidReminderOffsets),
                "{text}"
            );
        }
    }
}
