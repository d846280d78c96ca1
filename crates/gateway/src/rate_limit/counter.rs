//! The counters that the store keeps, and what of them it knows by name.
//!
//! Whoever fetches permits weighs all buckets of a window, and each counter is a question to the store. So three buckets that follow one
//! another share a counter, whose number is three numbers side by side: adding to one leaves the others as they are, and an
//! increment is atomic for all of them. Permits are taken away only where they were added; should the store have forgotten them
//! meanwhile, the one borrows from the next, which is stricter for a window.

use super::buckets::{AHEAD, Buckets};
use super::limit::Limit;
use super::partition::Partition;

/// How many buckets share a counter, and the bits that each has of it. Together they fit a number that is not negative.
const LANES: u64 = 3;
const LANE_BITS: u64 = 21;

/// A bucket of a larger quota has a counter to itself. Beside as much as this, and the tenth more that a span may have, a lane has room
/// for a million permits that instances take too many and have not given back yet.
const LARGEST_SHARED: u64 = 1_000_000;

/// Where the limiter's keys are.
pub(super) const PREFIX: &str = "rate-limit/";

/// How the buckets of a limit are put into counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counters {
    buckets: Buckets,
    lanes: u64,
}

/// A counter, by the first of its buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter(u64);

impl Counters {
    pub(super) fn of(limit: &Limit) -> Self {
        Self {
            buckets: Buckets::of(limit),
            lanes: if limit.quota <= LARGEST_SHARED { LANES } else { 1 },
        }
    }

    /// The counter that a bucket is in.
    pub(super) fn holding(self, bucket: u64) -> Counter {
        Counter(bucket - bucket % self.lanes)
    }

    /// What is added to the counter of `bucket` to add so many permits to the bucket.
    pub(super) fn addend(self, bucket: u64, permits: i64) -> i64 {
        permits << self.shift(bucket)
    }

    /// What a counter's number says of each of its buckets.
    pub(super) fn read(self, counter: Counter, number: u64) -> impl Iterator<Item = (u64, u64)> {
        let mask = match self.lanes {
            1 => u64::MAX,
            _ => (1 << LANE_BITS) - 1,
        };
        let buckets = counter.0..counter.0 + self.lanes;
        buckets.map(move |bucket| (bucket, (number >> self.shift(bucket)) & mask))
    }

    /// The name of a counter. The moment from which nobody asks for it comes first, so that the sweep knows from the key
    /// alone what is over.
    pub(super) fn key(self, counter: Counter, policy: &str, partition: Partition) -> String {
        let last = counter.0 + self.lanes - 1;
        let over = self.buckets.start(last + self.buckets.count + AHEAD + 2);
        match self.lanes {
            // A limit that is changed must not read the one kind as the other.
            1 => expiring_key(over, &format!("{policy}/{partition}/large")),
            _ => expiring_key(over, &format!("{policy}/{partition}")),
        }
    }

    fn shift(self, bucket: u64) -> u64 {
        bucket % self.lanes * LANE_BITS
    }
}

/// A key that the sweep removes once the moment `over` has come, in milliseconds since the epoch.
pub(crate) fn expiring_key(over: u64, name: &str) -> String {
    format!("{PREFIX}{over}/{name}")
}

/// Whether a key is a limiter's, and over.
pub(super) fn is_over(key: &str, now: u64) -> bool {
    let over = key.strip_prefix(PREFIX).and_then(|rest| rest.split('/').next());
    over.and_then(|over| over.parse::<u64>().ok())
        .is_some_and(|over| over <= now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rate_limit::{By, parse_limits};

    fn counters(limit: &str) -> Counters {
        Counters::of(&parse_limits("default", By::Client, limit).unwrap()[0])
    }

    proptest! {
        #[test]
        fn what_is_added_to_a_bucket_is_read_of_it_and_of_no_other(
            limit in prop::sample::select(vec!["5;w=60", "1000000;w=60", "1000001;w=60"]),
            first in 0_u64..1_000_000,
            added in prop::collection::vec((0_u64..3, 0_i64..500_000, any::<bool>()), 0..12),
        ) {
            let counters = counters(limit);
            let counter = counters.holding(first);
            let mut number = 0_i64;
            let mut expected: Vec<(u64, u64)> = counters.read(counter, 0).collect();
            for (place, permits, given_back) in added {
                let (bucket, count) = expected[usize::try_from(place).unwrap() % expected.len()];
                prop_assert_eq!(counters.holding(bucket), counter);
                let change = if given_back { -permits.min(i64::try_from(count).unwrap()) } else { permits };
                let after = count.checked_add_signed(change).unwrap();
                if after > 2_000_000 {
                    continue;
                }
                number += counters.addend(bucket, change);
                let index = expected.iter().position(|(other, _)| *other == bucket).unwrap();
                expected[index].1 = after;
            }
            let read: Vec<_> = counters.read(counter, u64::try_from(number).unwrap()).collect();
            prop_assert_eq!(read, expected);
        }
    }

    #[test]
    fn a_key_says_when_it_is_over() {
        let counters = counters("300;w=60");
        assert_eq!(counters.holding(5), counters.holding(3));
        let key = counters.key(counters.holding(5), "default", Partition::Everybody);
        // Bucket 5 is weighed until bucket 27 ends, by a clock that is two buckets behind.
        assert_eq!(key, "rate-limit/87000/default/all");
        assert!(!is_over(&key, 86_999) && is_over(&key, 87_000));
        for other in ["rate-limit/x/default/all", "revoked/session/1", "rate-limit/"] {
            assert!(!is_over(other, u64::MAX), "{other}");
        }
    }

    #[test]
    fn a_large_quota_is_never_read_as_three_small_ones() {
        let key = |limit| {
            let counters = counters(limit);
            counters.key(counters.holding(5), "default", Partition::Everybody)
        };
        assert_eq!(key("1000001;w=60"), "rate-limit/87000/default/all/large");
        assert_eq!(key("1000000;w=60"), "rate-limit/87000/default/all");
    }
}
