//! How long a round takes, by the latest hashes.

use std::time::Duration;

/// What a round takes before anything has been measured: a slow machine's, so that the first estimate errs to the side of
/// refusing.
const ASSUMED: Duration = Duration::from_micros(150);

/// How many of the latest hashes count.
const REMEMBERED: usize = 5;

/// What a round took in each of the latest hashes, on the clock on the wall: whatever else the machine does while one gives
/// way is part of it.
#[derive(Debug)]
pub(super) struct Pace {
    latest: [Duration; REMEMBERED],
    next: usize,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self {
            latest: [ASSUMED; REMEMBERED],
            next: 0,
        }
    }

    /// Notes that `rounds` took `time`.
    pub(super) fn note(&mut self, rounds: u32, time: Duration) {
        if rounds == 0 {
            return;
        }
        if let Some(oldest) = self.latest.get_mut(self.next) {
            *oldest = time / rounds;
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// What `rounds` will take: by the median, so that a clock that is set does not close the door.
    pub(super) fn estimate(&self, rounds: u64) -> Duration {
        let mut sorted = self.latest;
        sorted.sort_unstable();
        let round = sorted[REMEMBERED / 2].as_nanos();
        Duration::from_nanos(u64::try_from(round * u128::from(rounds)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_anything_is_measured_the_cost_says_how_long_it_takes() {
        assert_eq!(Pace::new().estimate(1024), ASSUMED * 1024);
        assert_eq!(Pace::new().estimate(0), Duration::ZERO);
    }

    #[test]
    fn what_was_measured_lately_counts_and_no_single_hash_does() {
        let mut pace = Pace::new();
        let hour = Duration::from_secs(3600);
        pace.note(1, hour);
        assert_eq!(pace.estimate(1), ASSUMED);
        for _ in 0..REMEMBERED {
            pace.note(1000, Duration::from_millis(80));
        }
        assert_eq!(pace.estimate(1), Duration::from_micros(80));
        pace.note(1000, hour);
        pace.note(1000, Duration::ZERO);
        assert_eq!(pace.estimate(100), Duration::from_millis(8));
        // A machine that has become slower is believed after three.
        for _ in 0..REMEMBERED / 2 + 1 {
            pace.note(1000, Duration::from_millis(400));
        }
        assert_eq!(pace.estimate(1000), Duration::from_millis(400));
    }

    #[test]
    fn nothing_overflows() {
        let mut pace = Pace::new();
        for _ in 0..REMEMBERED {
            pace.note(1, Duration::MAX);
        }
        assert_eq!(pace.estimate(u64::MAX), Duration::from_nanos(u64::MAX));
        pace.note(0, Duration::ZERO);
    }
}
