//! The sweep: nothing in the store expires by itself, so whoever counts also tidies up, once in a while.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::counter::{PREFIX, is_over};
use super::stored::count_of;
use crate::ports::{Clock, GiveWay, KeyValueError, KeyValueSweep, Timestamp};
use crate::proxy::is_old_claim;
use crate::tokens::REVOCATIONS;

/// How many keys are removed at once: a store that is one file holds everybody up meanwhile.
const AT_ONCE: usize = 500;

/// How long a sweep may take, which holds its instance up again and again.
const MOST: Duration = Duration::from_secs(10);

/// How long others are let go on after each batch.
const TURN: Duration = Duration::from_millis(1);

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
    ///
    /// Others get their turn after each batch. What is left after [`MOST`] is for the sweep of the next period.
    pub async fn run(
        store: &impl KeyValueSweep,
        clock: &impl Clock,
        way: &impl GiveWay,
        period: Duration,
    ) -> Result<Option<usize>, KeyValueError> {
        let start = clock.now();
        let now = start.as_millis();
        let length = millis(period);
        let this = now / length;
        let claim = format!("{PREFIX}{}/sweep", (this + 2).saturating_mul(length));
        if store.get(&claim).await?.is_some() || store.increment(&claim, 1).await? != 1 {
            return Ok(None);
        }
        let has_time = || clock.now().as_millis().saturating_sub(now) < millis(MOST);
        let is_past = |key: &str| is_over(key, now) || is_old_claim(key, start);
        // Revocations that tokens may still need: those are not looked at twice.
        let mut needed = BTreeSet::new();
        let mut removed = 0;
        loop {
            let is_revocation = |key: &str| key.starts_with(REVOCATIONS) && !needed.contains(key);
            let found = store.find(&|key| is_past(key) || is_revocation(key)).await?;
            let (past, revocations): (Vec<_>, Vec<_>) = found.keys.into_iter().partition(|key| is_past(key));
            for keys in past.chunks(AT_ONCE).take_while(|_| has_time()) {
                store.delete_all(keys).await?;
                removed += keys.len();
                way.pause(TURN).await;
            }
            for keys in revocations.chunks(AT_ONCE).take_while(|_| has_time()) {
                let values = store.get_all(keys).await?;
                let (ended, others): (Vec<_>, Vec<_>) =
                    keys.iter().cloned().zip(values).partition(|(_, until)| {
                        let until = until.as_deref().and_then(count_of);
                        until.is_some_and(|until| until.saturating_mul(1000) < now)
                    });
                let ended: Vec<_> = ended.into_iter().map(|(key, _)| key).collect();
                store.delete_all(&ended).await?;
                removed += ended.len();
                needed.extend(others.into_iter().map(|(key, _)| key));
                way.pause(TURN).await;
            }
            if found.is_all || !has_time() {
                return Ok(Some(removed));
            }
        }
    }
}

fn millis(period: Duration) -> u64 {
    u64::try_from(period.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
