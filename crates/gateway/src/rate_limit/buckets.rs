//! A limit's time, cut into buckets.

use super::limit::Limit;

/// Quotas below this are counted one permit at a time, and so can have finer buckets: no lease has to fit into one.
pub(super) const SMALL_QUOTA: u64 = 100;

/// Buckets in a window of a quota that is leased. A permit may be used in its own bucket and in the next, so any span of a
/// window meets the permits of 22 buckets: at a steady pace these are 1.1 quotas, which is what is allowed.
const COARSE: u64 = 20;

/// Buckets in a window of a small quota.
const FINE: u64 = 60;

/// No bucket of a small quota is shorter, in milliseconds, where that leaves 20: a store must answer within two.
const SHORTEST: u64 = 50;

/// How far ahead of ours another machine's clock may be, in buckets.
pub(super) const AHEAD: u64 = 2;

/// How a limit's time is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    window: u64,
    /// How many are in a window.
    pub(super) count: u64,
}

impl Buckets {
    pub(super) fn of(limit: &Limit) -> Self {
        let window = limit.window.saturating_mul(1000);
        let count = if limit.quota < SMALL_QUOTA {
            (window / SHORTEST).clamp(COARSE, FINE)
        } else {
            COARSE
        };
        Self { window, count }
    }

    /// How long a bucket is, in milliseconds.
    pub(super) fn length(self) -> u64 {
        self.window / self.count
    }

    /// The bucket that this moment, in milliseconds, is in.
    pub(super) fn at(self, millis: u64) -> u64 {
        narrow(u128::from(millis) * u128::from(self.count) / u128::from(self.window))
    }

    /// The first millisecond of a bucket.
    pub(super) fn start(self, bucket: u64) -> u64 {
        narrow((u128::from(bucket) * u128::from(self.window)).div_ceil(u128::from(self.count)))
    }

    /// The oldest bucket that a permit of `bucket` is weighed against.
    pub(super) fn oldest(self, bucket: u64) -> u64 {
        bucket.saturating_sub(self.count + 1)
    }
}

fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_starts_at_its_first_millisecond(window in 1_u64..40_000_000, small: bool, bucket in 1_u64..1_000_000_000) {
            let buckets = Buckets { window: window * 1000, count: if small { FINE } else { COARSE } };
            let start = buckets.start(bucket);
            prop_assert_eq!(buckets.at(start), bucket);
            prop_assert_eq!(buckets.at(start - 1), bucket - 1);
        }
    }
}
