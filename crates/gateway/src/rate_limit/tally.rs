//! What an instance knows of a partition's buckets, and how much room they leave.
//!
//! Two rules, both about the newest bucket k of N to a window. The window: buckets k-N+1 to k hold at most the quota. The
//! span: a permit of bucket j is used in j or j+1, so any span of a window's length meets permits of at most N+2 buckets,
//! and k-N-1 to k hold at most 1.1 quotas. Buckets ahead of k, by another machine's clock, count into both.

use std::collections::BTreeMap;

use super::buckets::{AHEAD, Buckets};
use super::counter::{Counter, Counters};

#[derive(Clone, Copy, Debug)]
struct Count {
    permits: u64,
    /// Read when nobody could add to it any more: it need not be read again.
    settled: bool,
}

/// The counts that are known.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<u64, Count>);

impl Tally {
    /// Forgets what no longer matters in `bucket`, and gives the other counters that have to be read.
    pub(super) fn advance(&mut self, buckets: Buckets, counters: Counters, bucket: u64) -> Vec<Counter> {
        let range = buckets.oldest(bucket)..=bucket + AHEAD;
        self.0.retain(|known, _| range.contains(known));
        let unsettled = range.filter(|other| !self.0.get(other).is_some_and(|count| count.settled));
        let mut unread: Vec<Counter> = unsettled.map(|other| counters.holding(other)).collect();
        unread.dedup();
        unread.retain(|counter| *counter != counters.holding(bucket));
        unread
    }

    /// Notes a count that was read, or returned by an increment, while it was `now`'s turn.
    pub(super) fn note(&mut self, bucket: u64, permits: u64, now: u64) {
        // A lease of bucket j has returned before j+1 is over, and one bucket more is for clocks that differ.
        let settled = bucket + AHEAD < now;
        self.0.insert(bucket, Count { permits, settled });
    }

    /// Notes what a counter says of its buckets.
    pub(super) fn note_all(&mut self, counts: impl Iterator<Item = (u64, u64)>, now: u64) {
        counts.for_each(|(bucket, permits)| self.note(bucket, permits, now));
    }

    /// The count of a bucket, as far as it is known.
    pub(super) fn of(&self, bucket: u64) -> u64 {
        self.0.get(&bucket).map_or(0, |count| count.permits)
    }

    /// How many more permits the rules leave in `bucket`; less than none where they are broken.
    pub(super) fn room(&self, buckets: Buckets, quota: u64, bucket: u64) -> i64 {
        let window = quota_of(quota) - self.sum((bucket + 1).saturating_sub(buckets.count));
        let span = quota_of(quota.saturating_add(quota / 10)) - self.sum(buckets.oldest(bucket));
        window.min(span)
    }

    /// The first bucket after `bucket` that has room, if nothing else comes.
    pub(super) fn next_with_room(&self, buckets: Buckets, quota: u64, bucket: u64) -> u64 {
        // The counts may show what others are about to give back. Permits that were used are never more than the quota, so
        // whatever is beyond it is such, and the newest.
        let mut actual = Self(self.0.clone());
        let mut excess = actual.sum((bucket + 1).saturating_sub(buckets.count)) - quota_of(quota);
        for count in actual.0.values_mut().rev() {
            let cut = count.permits.min(u64::try_from(excess).unwrap_or(0));
            count.permits -= cut;
            excess -= quota_of(cut);
        }
        let all_gone = bucket + buckets.count + AHEAD + 2;
        (bucket + 1..all_gone)
            .find(|later| actual.room(buckets, quota, *later) > 0)
            .unwrap_or(all_gone)
    }

    /// The bucket in which the oldest permits that count now no longer do.
    pub(super) fn next_change(&self, buckets: Buckets, bucket: u64) -> u64 {
        let from = (bucket + 1).saturating_sub(buckets.count);
        let oldest = self.0.range(from..).find(|(_, count)| count.permits > 0);
        oldest.map_or(bucket, |(oldest, _)| *oldest) + buckets.count
    }

    fn sum(&self, from: u64) -> i64 {
        let permits = self.0.range(from..).map(|(_, count)| count.permits);
        quota_of(permits.fold(0, u64::saturating_add))
    }
}

/// Far beyond any quota, and far from overflowing.
fn quota_of(permits: u64) -> i64 {
    i64::try_from(permits).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
