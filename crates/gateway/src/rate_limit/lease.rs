//! The permits that an instance has in hand, and how many it fetches next.

use super::buckets::{Buckets, SMALL_QUOTA};
use super::limit::Limit;

/// The most that is fetched at once: what an instance lives for, unless Spin is told otherwise. A quota that is large enough costs
/// each that does a single write.
const LARGEST: u64 = 128;

/// Requests that are no more than this many milliseconds apart follow one another closely.
const CLOSE: u64 = 250;

/// A new instance supposes that it is one of so many, among which the requests of a client are spread.
const SPREAD: u64 = 64;

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

    /// Puts a permit of `bucket` back that was not needed after all, unless there is another lease by now: in that, it would be
    /// good for too long.
    pub(super) fn put_back(&mut self, bucket: u64) {
        if self.bucket == bucket {
            self.permits += 1;
        }
    }

    pub(super) fn bucket(&self) -> u64 {
        self.bucket
    }

    pub(super) fn permits(&self) -> u64 {
        self.permits
    }

    fn is_good(&self, now: u64) -> bool {
        now.checked_sub(self.bucket).is_some_and(|age| age <= 1)
    }

    /// How many permits to fetch after this lease. At first what one of many instances sees in a second of a client at the limit's
    /// pace, because an instance that waits for a second is dropped with what it holds. Three times as many, or for a quarter of
    /// a second, as long as requests follow one another closely; no more than a bucket's time has used, because they are good
    /// for hardly longer.
    pub(super) fn next_size(&self, limit: &Limit, buckets: Buckets, now: u64) -> u64 {
        if limit.quota < SMALL_QUOTA {
            return 1;
        }
        let most = (limit.quota / buckets.count).clamp(1, LARGEST);
        let next = match self.size {
            0 => limit.quota / limit.window.saturating_mul(SPREAD).max(1),
            size if self.permits > 0 => size.saturating_sub(self.permits),
            size => {
                let elapsed = now.saturating_sub(self.since).max(1);
                let grown = match elapsed / size {
                    0..=CLOSE => (size * 3).max(size * CLOSE / elapsed),
                    pause if pause <= CLOSE * 2 => size,
                    _ => size / 2,
                };
                grown.min(size.saturating_mul(buckets.length()) / elapsed)
            }
        };
        next.clamp(1, most)
    }
}

/// The last moment, exclusive, at which a lease that was counted in `bucket` may come back and still be good.
pub(super) fn deadline(buckets: Buckets, bucket: u64) -> u64 {
    buckets.start(bucket + 2)
}
