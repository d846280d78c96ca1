//! The sweep: nothing in the store expires by itself, so whoever counts also tidies up, once in a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::counter::{PREFIX, is_over};
use super::stored::count_of;
use crate::ports::{Clock, KeyValueError, KeyValueSweep, Timestamp};
use crate::proxy::is_old_claim;
use crate::tokens::REVOCATIONS;

/// How many keys are removed at once: a store that is one file holds everybody up meanwhile.
const AT_ONCE: usize = 500;

/// When this instance last looked whether the store is to be swept.
#[derive(Debug, Default)]
pub struct Sweep(AtomicU64);

impl Sweep {
    /// Never yet.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether this instance has yet to see to this period's sweep. It says so once.
    pub fn is_due(&self, now: Timestamp, period: Duration) -> bool {
        let this = now.as_millis() / millis(period);
        self.0.swap(this, Ordering::Relaxed) != this
    }

    /// Sweeps, if nobody has in this period: removes the counters that nobody asks for any more and the revocations that no
    /// token outlived. Gives how many keys it removed. Periods are numbered since the epoch; an atomic increment decides
    /// between all instances whose it is, and its key is swept like any other.
    pub async fn run(
        store: &impl KeyValueSweep,
        clock: &impl Clock,
        period: Duration,
    ) -> Result<Option<usize>, KeyValueError> {
        let now = clock.now().as_millis();
        let length = millis(period);
        let this = now / length;
        let claim = format!("{PREFIX}{}/sweep", (this + 2).saturating_mul(length));
        if store.get(&claim).await?.is_some() || store.increment(&claim, 1).await? != 1 {
            return Ok(None);
        }
        let mut over = Vec::new();
        let mut revocations = Vec::new();
        for key in store.keys().await? {
            if is_over(&key, now) || is_old_claim(&key, clock.now()) {
                over.push(key);
            } else if key.starts_with(REVOCATIONS) {
                revocations.push(key);
            }
        }
        for keys in revocations.chunks(AT_ONCE) {
            let values = store.get_all(keys).await?;
            let ended = keys.iter().zip(values).filter(|(_, until)| {
                let until = until.as_deref().and_then(count_of);
                until.is_some_and(|until| until.saturating_mul(1000) < now)
            });
            over.extend(ended.map(|(key, _)| key.clone()));
        }
        for keys in over.chunks(AT_ONCE) {
            store.delete_all(keys).await?;
        }
        Ok(Some(over.len()))
    }
}
fn millis(period: Duration) -> u64 {
    u64::try_from(period.as_millis()).unwrap_or(u64::MAX).max(1)
}
