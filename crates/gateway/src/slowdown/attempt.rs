//! An attempt, from its beginning to its end.

use super::standing::{Standing, read};
use super::{NotNow, Policy, Subject};
use crate::ports::{Clock, KeyValue, KeyValueError};

/// An attempt that was let through, and has been counted as failed. Dropped, it stays so.
#[derive(Debug)]
pub struct Attempt<'a, K> {
    store: &'a K,
    counted: Vec<Standing>,
}

impl<'a, K: KeyValue> Attempt<'a, K> {
    pub(super) fn uncounted(store: &'a K) -> Self {
        Self {
            store,
            counted: Vec::new(),
        }
    }

    /// It was none: the caller's own failures are forgotten. Somebody who has signed in is not refused because this could not be
    /// written down; then the count is stricter for a while.
    pub async fn succeeded(self) {
        for standing in &self.counted {
            if standing.subject.is_own {
                for keys in [&standing.this, &standing.before] {
                    self.store.delete(&keys.failures).await.ok();
                    self.store.delete(&keys.latest).await.ok();
                }
            } else {
                give_back(self.store, standing).await;
            }
        }
    }

    /// Nobody knows whether it was one, because something underneath failed.
    pub async fn came_to_nothing(self) {
        for standing in &self.counted {
            give_back(self.store, standing).await;
        }
    }
}

/// Counts an attempt for each subject, if it is time for all of them.
///
/// Whoever has to wait first writes down when they began, and then counts: so that whoever reads the count has the moment that
/// goes with it. Of several that have read the same count only the one that counts first goes on.
pub(super) async fn take<'a, K: KeyValue>(
    store: &'a K,
    policy: &Policy,
    clock: &impl Clock,
    subjects: &[Subject],
) -> Result<Attempt<'a, K>, NotNow> {
    let now = clock.now();
    let standings = read(store, policy, now, subjects).await?;
    let waits = standings.iter().map(|standing| standing.wait(policy, now));
    let wait = waits.max().unwrap_or(0);
    if wait > 0 {
        return Err(too_early(wait));
    }
    let mut attempt = Attempt::uncounted(store);
    for standing in standings {
        let wait = count(store, policy, now.as_millis(), &standing).await?;
        attempt.counted.push(standing);
        if let Some(wait) = wait {
            attempt.came_to_nothing().await;
            return Err(too_early(wait));
        }
    }
    Ok(attempt)
}

/// Counts one attempt. If others were first, and so it has come too early, how long the next has to wait.
async fn count(
    store: &impl KeyValue,
    policy: &Policy,
    now: u64,
    standing: &Standing,
) -> Result<Option<u64>, KeyValueError> {
    let free = standing.subject.free;
    // While the next failure is free, too, nobody will ask when this one was.
    if standing.failures() + 1 >= free {
        store
            .set(&standing.this.latest, now.to_string().as_bytes())
            .await?;
    }
    let count = store.increment(&standing.this.failures, 1).await?;
    let count = u64::try_from(count).unwrap_or(0);
    let is_first = count <= standing.counted + 1;
    let is_free = count + standing.carried <= free;
    Ok((!is_first && !is_free).then(|| policy.wait(count + standing.carried, free).max(1000)))
}

/// If this fails, the count is stricter for a while.
async fn give_back(store: &impl KeyValue, standing: &Standing) {
    store.increment(&standing.this.failures, -1).await.ok();
}

fn too_early(millis: u64) -> NotNow {
    NotNow::TooEarly(millis.div_ceil(1000))
}
