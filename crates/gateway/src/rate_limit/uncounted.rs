//! Requests that passed without having been counted, because the store did not answer.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{Clock, KeyValue, KeyValueError, Timestamp};

/// The counter, in the store, of all that passed uncounted.
pub const UNCOUNTED_KEY: &str = "stats/rate-limit-uncounted";

/// For how many milliseconds a store that failed is not asked again, at least.
const REST: u64 = 1000;

/// For how many times as long as it took to fail it is left alone: one that hangs would hold up every request.
const TIMES: u64 = 4;

/// What an instance has let pass uncounted, and not yet written down. What an instance takes with it is in the log alone.
#[derive(Debug, Default)]
pub struct Uncounted {
    pending: AtomicU64,
    rest_until: AtomicU64,
}

impl Uncounted {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            pending: AtomicU64::new(0),
            rest_until: AtomicU64::new(0),
        }
    }

    /// Notes that a request passes uncounted, and gives how many have since the store last answered.
    pub fn note(&self) -> u64 {
        self.pending.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes that the store failed, which it was asked at `asked`.
    pub fn store_failed(&self, asked: Timestamp, clock: &impl Clock) {
        let now = clock.now().as_millis();
        let rest = now
            .saturating_sub(asked.as_millis())
            .saturating_mul(TIMES)
            .max(REST);
        self.rest_until.store(now.saturating_add(rest), Ordering::Relaxed);
    }

    /// Whether the store failed a moment ago, and had better not be asked.
    pub fn is_store_resting(&self, now: Timestamp) -> bool {
        now.as_millis() < self.rest_until.load(Ordering::Relaxed)
    }

    /// Writes down what is pending, if anything is.
    pub async fn write_down(&self, store: &impl KeyValue) -> Result<(), KeyValueError> {
        let pending = self.pending.swap(0, Ordering::Relaxed);
        if pending == 0 {
            return Ok(());
        }
        let added = i64::try_from(pending).unwrap_or(i64::MAX);
        let result = store.increment(UNCOUNTED_KEY, added).await;
        if result.is_err() {
            self.pending.fetch_add(pending, Ordering::Relaxed);
        }
        result.map(drop)
    }
}
