//! When a try that failed is made again.

use std::time::Duration;

use crate::ports::{Entropy, Timestamp};

/// How often it is tried at the most.
pub const MAX_ATTEMPTS: u32 = 12;
/// How long after the first try it is given up.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after the first try; it doubles with each. The eleven pauses together come to 17 hours at the most.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// How long to wait after the try with this number (from 1): anything from half of the pause to all of it, so that those that failed
/// together do not come back together; and never less than the provider wants to be left alone.
pub(super) fn pause(attempt: u32, asked: Option<Duration>, entropy: &impl Entropy) -> Duration {
    let doubled = 1_u32
        .checked_shl(attempt.saturating_sub(1).min(MAX_ATTEMPTS))
        .unwrap_or(1);
    let pause = FIRST_PAUSE * doubled;
    let mut random = [0; 4];
    entropy.fill(&mut random);
    let half = pause / 2;
    let pause = half + half.mul_f64(f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX));
    pause.max(asked.unwrap_or_default())
}

/// When to try again, if at all: not after the last try, and not after the deadline.
pub(super) fn next_try(
    (attempt, deadline): (u32, &str),
    asked: Option<Duration>,
    now: Timestamp,
    entropy: &impl Entropy,
) -> Option<Timestamp> {
    let next = now.after(pause(attempt, asked, entropy));
    // Texts of one length: comparing them compares the times.
    let in_time = crate::domain::rfc3339(next).as_str() <= deadline;
    (attempt < MAX_ATTEMPTS && in_time).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rfc3339;
    use crate::test_support::{ConstantEntropy, CountingEntropy};

    #[test]
    fn pauses_double_and_twelve_tries_fit_into_a_day() {
        let longest = |attempt| pause(attempt, None, &ConstantEntropy(0xff));
        assert_eq!(longest(1), Duration::from_secs(30));
        assert_eq!(longest(2), Duration::from_secs(60));
        assert_eq!(longest(11), Duration::from_secs(30 * 1024));
        let all: Duration = (1..MAX_ATTEMPTS).map(longest).sum();
        assert!(all < GIVE_UP_AFTER, "{all:?}");
    }

    #[test]
    fn those_that_failed_together_do_not_come_back_together() {
        let entropy = CountingEntropy::default();
        let pauses: std::collections::BTreeSet<_> = (0..20).map(|_| pause(3, None, &entropy)).collect();
        assert_eq!(pauses.len(), 20);
        let range = Duration::from_secs(60)..=Duration::from_secs(120);
        assert!(pauses.iter().all(|pause| range.contains(pause)), "{pauses:?}");
    }

    #[test]
    fn a_provider_is_left_alone_for_as_long_as_it_asks() {
        let asked = Some(Duration::from_secs(3600));
        assert_eq!(
            pause(1, asked, &CountingEntropy::default()),
            Duration::from_secs(3600)
        );
        let asked = Some(Duration::from_secs(1));
        assert!(pause(1, asked, &CountingEntropy::default()) >= Duration::from_secs(15));
    }

    #[test]
    fn it_is_given_up_after_the_last_try_or_the_deadline() {
        let (now, entropy) = (Timestamp::from_millis(0), CountingEntropy::default());
        let deadline = rfc3339(now.after(GIVE_UP_AFTER));
        let next = |attempt, asked| next_try((attempt, &deadline), asked, now, &entropy);
        assert!(next(1, None).is_some());
        assert!(next(MAX_ATTEMPTS - 1, None).is_some());
        assert_eq!(next(MAX_ATTEMPTS, None), None);
        assert_eq!(next(1, Some(GIVE_UP_AFTER + Duration::from_secs(1))), None);
    }
}
