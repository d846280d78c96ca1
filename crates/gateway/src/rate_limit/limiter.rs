//! An instance's memory of whom it counts, and the one way to count a request.
//!
//! Never laxer: a lease is counted in the store before any of it is used, and the other buckets are read after that, so that
//! of two instances that come at once at least one sees the other. What was counted too much is given back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::buckets::Buckets;
use super::counter::Counters;
use super::lease::{Lease, deadline};
use super::limit::Limit;
use super::partition::Partition;
use super::stored::count_of;
use super::tally::Tally;
use super::usage::Usage;
use crate::locked::locked;
use crate::one_at_a_time::{OneAtATime, Outcome};
use crate::ports::{Clock, GiveWay, KeyValue, KeyValueError, Timestamp};

/// How many requests Spin gives one instance. Whatever is in hand after the last is lost, so a lease is no longer than that.
const LIFE: u64 = 128;

/// How many partitions are remembered. Forgetting one loses what is in hand for it, which is never laxer.
const REMEMBERED: usize = 4096;

/// How often a lease that came back too late is tried again before the store counts as failed.
const ATTEMPTS: usize = 3;

/// How many requests one instance takes at once.
const AT_ONCE: u64 = 16;

/// What an instance remembers: one for each component, as a `static`.
#[derive(Debug, Default)]
pub struct Limiter {
    entries: Mutex<Entries>,
    requests: AtomicU64,
}

/// By policy and partition.
type Entries = BTreeMap<(Arc<str>, Partition), Arc<Entry>>;

/// What is known of one partition under one policy.
#[derive(Debug, Default)]
struct Entry {
    standing: Mutex<Standing>,
    /// Whoever fetches permits does it for all of this instance that wait.
    fetching: OneAtATime,
    waiting: AtomicU64,
    /// How many fetches have failed: whoever waited for one fails with it.
    failures: AtomicU64,
}

#[derive(Debug, Default)]
struct Standing {
    tally: Tally,
    lease: Lease,
    /// No permit comes free before this moment.
    refused_until: u64,
    /// What the store had left beyond the lease.
    room: u64,
    /// When the oldest permits that count leave the window.
    reset_at: u64,
}

impl Limiter {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            entries: Mutex::new(BTreeMap::new()),
            requests: AtomicU64::new(0),
        }
    }

    /// Notes that the instance has a further request: once for each, however many limits it is counted against and in however
    /// many calls.
    pub fn note_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request against several limits, in this order. The first that is exceeded ends it, and the permits of those
    /// before it go back into hand: who is refused for himself does not use up what is there for all. `now` is a fresh reading of
    /// the clock: each is a call to the host, and this one may do for everything that is not waited for.
    pub async fn count(
        &self,
        store: &impl KeyValue,
        clock: &impl Clock,
        way: &impl GiveWay,
        limits: impl IntoIterator<Item = (&Arc<Limit>, Partition)>,
        mut now: Timestamp,
    ) -> Result<Vec<Usage>, KeyValueError> {
        let mut taken: Vec<(Arc<Entry>, u64)> = Vec::new();
        let mut usages = Vec::new();
        for (limit, partition) in limits {
            let entry = self.entry(limit, partition);
            let (usage, bucket) = match entry.recall(limit, now.as_millis()) {
                Some(known) => known,
                None => {
                    let fetched = self.take(&entry, (store, clock, way), limit, partition).await?;
                    now = clock.now();
                    fetched
                }
            };
            let exceeded = usage.exceeded;
            usages.push(usage);
            if exceeded {
                for (entry, bucket) in &taken {
                    entry.standing().lease.put_back(*bucket);
                }
                break;
            }
            taken.push((entry, bucket));
        }
        Ok(usages)
    }

    /// How the limit stands by what the store says, and which bucket the permit is of, if there was one.
    async fn take(
        &self,
        entry: &Entry,
        (store, clock, way): (&impl KeyValue, &impl Clock, &impl GiveWay),
        limit: &Arc<Limit>,
        partition: Partition,
    ) -> Result<(Usage, u64), KeyValueError> {
        let _waiting = Waiting::join(&entry.waiting);
        let failures = entry.failures.load(Ordering::Relaxed);
        let look = || {
            let known = entry.recall(limit, clock.now().as_millis()).map(Ok);
            known.or_else(|| {
                let failed = entry.failures.load(Ordering::Relaxed) != failures;
                failed.then(|| Err(KeyValueError("it failed for another request".to_owned())))
            })
        };
        let _fetching = match entry.fetching.wait(way, look).await {
            Outcome::Known(result) => return result,
            Outcome::Mine(turn) => turn,
        };
        for _ in 0..ATTEMPTS {
            let fetched = self.fetch(entry, store, clock, limit, partition).await;
            if fetched.is_err() {
                entry.failures.fetch_add(1, Ordering::Relaxed);
            }
            fetched?;
            if let Some(usage) = entry.recall(limit, clock.now().as_millis()) {
                return Ok(usage);
            }
        }
        Err(KeyValueError(format!(
            "no answer about `{}` came in time",
            limit.policy
        )))
    }

    /// Fetches permits into hand, or learns until when there are none; neither, if the store took too long.
    async fn fetch(
        &self,
        entry: &Entry,
        store: &impl KeyValue,
        clock: &impl Clock,
        limit: &Limit,
        partition: Partition,
    ) -> Result<(), KeyValueError> {
        let (buckets, counters) = (Buckets::of(limit), Counters::of(limit));
        let now = clock.now().as_millis();
        let bucket = buckets.at(now);
        let (unread, wanted) = {
            let mut standing = entry.standing();
            let unread = standing.tally.advance(buckets, counters, bucket);
            let room = standing.tally.room(buckets, limit.quota, bucket);
            let size = standing
                .lease
                .next_size(limit, buckets, now)
                .min(self.requests_left());
            let size = size.max(entry.waiting.load(Ordering::Relaxed).min(AT_ONCE));
            (unread, size.min(u64::try_from(room).unwrap_or(0)).max(1))
        };
        let own = counters.holding(bucket);
        let key = counters.key(own, &limit.policy, partition);
        let counted = store
            .increment(&key, counters.addend(bucket, signed(wanted)))
            .await?;
        let keys: Vec<String> = unread
            .iter()
            .map(|counter| counters.key(*counter, &limit.policy, partition))
            .collect();
        let values = store.get_all(&keys).await?;
        let returned = clock.now().as_millis();
        // Less than nothing is of a store that has forgotten.
        let counted = u64::try_from(counted).unwrap_or(0);
        let (room, counted) = {
            let mut standing = entry.standing();
            for (counter, value) in unread.into_iter().zip(values) {
                let number = value.map_or(Some(0), |value| count_of(&value));
                let number = number.ok_or_else(|| KeyValueError("a counter holds no count".to_owned()))?;
                standing.tally.note_all(counters.read(counter, number), bucket);
            }
            standing.tally.note_all(counters.read(own, counted), bucket);
            (
                standing.tally.room(buckets, limit.quota, bucket),
                standing.tally.of(bucket),
            )
        };
        let too_many = u64::try_from(-room).unwrap_or(0).min(wanted);
        let late = returned >= deadline(buckets, bucket);
        let back = if late { wanted } else { too_many };
        let granted = wanted - back;
        if back > 0 {
            // If this fails, the limit is stricter for one window.
            store
                .increment(&key, counters.addend(bucket, -signed(back)))
                .await
                .ok();
        }
        let mut standing = entry.standing();
        standing.tally.note(bucket, counted.saturating_sub(back), bucket);
        if granted > 0 {
            standing.lease = Lease::new(bucket, granted, now);
            standing.room = u64::try_from(room).unwrap_or(0);
            standing.reset_at = buckets.start(standing.tally.next_change(buckets, bucket));
        } else if !late {
            let next = standing.tally.next_with_room(buckets, limit.quota, bucket);
            standing.refused_until = buckets.start(next);
        }
        Ok(())
    }

    /// How many more requests this instance is likely to see, this one included.
    fn requests_left(&self) -> u64 {
        LIFE - self.requests.load(Ordering::Relaxed).saturating_sub(1) % LIFE
    }

    fn entry(&self, limit: &Limit, partition: Partition) -> Arc<Entry> {
        let mut entries = locked(&self.entries);
        let key = (Arc::clone(&limit.policy), partition);
        if let Some(entry) = entries.get(&key) {
            return Arc::clone(entry);
        }
        if entries.len() >= REMEMBERED {
            entries.clear();
        }
        Arc::clone(entries.entry(key).or_default())
    }
}

impl Entry {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        locked(&self.standing)
    }

    /// Answers without the store, if it can.
    fn recall(&self, limit: &Arc<Limit>, now: u64) -> Option<(Usage, u64)> {
        let mut standing = self.standing();
        let exceeded = !standing.lease.take(Buckets::of(limit).at(now));
        let (remaining, until) = if !exceeded {
            (standing.room + standing.lease.permits(), standing.reset_at)
        } else if now < standing.refused_until {
            (0, standing.refused_until)
        } else {
            return None;
        };
        let usage = Usage {
            limit: Arc::clone(limit),
            remaining,
            reset: seconds(until, now),
            exceeded,
        };
        Some((usage, standing.lease.bucket()))
    }
}

/// One of those who wait for permits, for as long as it lives.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn join(waiting: &'a AtomicU64) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn seconds(until: u64, now: u64) -> u64 {
    until.saturating_sub(now).div_ceil(1000).max(1)
}

fn signed(permits: u64) -> i64 {
    i64::try_from(permits).unwrap_or(i64::MAX)
}
