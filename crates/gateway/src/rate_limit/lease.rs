//! The permits that an instance has in hand, and how many it fetches next.

use super::buckets::{Buckets, SMALL_QUOTA};
use super::limit::Limit;

/// The most that is fetched at once.
const LARGEST: u64 = 32;

/// Permits that were taken from the store and not used yet. They die with the instance: they were counted, so the limit is
/// stricter for it, never laxer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lease {
    bucket: u64,
    permits: u64,
    size: u64,
    since: u64,
}

impl Lease {
    pub(super) fn new(bucket: u64, size: u64, since: u64) -> Self {
        Self {
            bucket,
            permits: size,
            size,
            since,
        }
    }

    /// Takes a permit. Permits are good in the bucket that they were counted in and in the next (see [`super::tally`]).
    pub(super) fn take(&mut self, now: u64) -> bool {
        let taken = self.permits > 0 && self.is_good(now);
        if taken {
            self.permits -= 1;
        }
        taken
    }

    /// Puts a permit back that was not needed after all.
    pub(super) fn put_back(&mut self) {
        self.permits += 1;
    }

    pub(super) fn permits(&self) -> u64 {
        self.permits
    }

    fn is_good(&self, now: u64) -> bool {
        now.checked_sub(self.bucket).is_some_and(|age| age <= 1)
    }

    /// How many permits to fetch after this lease: more, as long as they go within a second, because an instance that waits
    /// longer than that is dropped with what it holds; at first what a client at the limit's pace uses in half a second.
    pub(super) fn next_size(&self, limit: &Limit, now: u64) -> u64 {
        if limit.quota < SMALL_QUOTA {
            return 1;
        }
        let most = (limit.quota / 20).clamp(1, LARGEST);
        let next = match (self.size, self.permits, now.saturating_sub(self.since)) {
            (0, _, _) => limit.quota / limit.window.saturating_mul(2).max(1),
            (size, 0, 0..=1000) => size * 2,
            (size, 0, 1001..=2000) => size,
            (size, 0, _) => size / 2,
            (size, left, _) => size.saturating_sub(left),
        };
        next.clamp(1, most)
    }
}

/// The last moment, exclusive, at which a lease that was counted in `bucket` may come back and still be good.
pub(super) fn deadline(buckets: Buckets, bucket: u64) -> u64 {
    buckets.start(bucket + 2)
}
