//! Counting.

use sha2::{Digest, Sha256};

use super::limit::Limit;
use crate::client::ClientKey;
use crate::ports::{Clock, KeyValue, KeyValueError};

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition(String);

impl Partition {
    /// Those of one client.
    pub fn client(client: &ClientKey) -> Self {
        Self(client.to_string())
    }

    /// Those about one e-mail address, in its canonical spelling. The store gets only its hash: addresses belong in the
    /// database.
    pub fn email(canonical: &str) -> Self {
        let hash = Sha256::digest(canonical.as_bytes());
        Self(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// How a limit stands after a request was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The limit.
    pub limit: Limit,
    /// How many more requests the window takes.
    pub remaining: u64,
    /// Seconds until the next window, at least one.
    pub reset: u64,
    /// Whether the request was one too many.
    pub exceeded: bool,
}

/// Counts a request against a limit. Exact: of all requests in a window, on whatever instance or machine, `quota` pass.
pub async fn count(
    store: &impl KeyValue,
    clock: &impl Clock,
    limit: &Limit,
    partition: &Partition,
) -> Result<Usage, KeyValueError> {
    let now = clock.now().as_secs();
    let window = now / limit.window;
    let counted = store.increment(&key(limit, partition, window), 1).await?;
    let counted = u64::try_from(counted).unwrap_or(0);
    if counted == 1 && window >= 2 {
        // Nothing in the store expires, so whoever opens a window clears the last but one. Not the last: a request that read
        // the clock just before the turn may still be counting in it. A client that goes away for good leaves two counters;
        // their keys say when their windows ended, for whoever sweeps the store.
        store.delete(&key(limit, partition, window - 2)).await?;
    }
    Ok(Usage {
        limit: limit.clone(),
        remaining: limit.quota.saturating_sub(counted),
        reset: (window + 1) * limit.window - now,
        exceeded: counted > limit.quota,
    })
}

/// Counts a request against several limits. All are counted, even when one is exceeded: the answer shows them all.
pub async fn count_all<'a>(
    store: &impl KeyValue,
    clock: &impl Clock,
    limits: impl IntoIterator<Item = &'a Limit>,
    partition: &Partition,
) -> Result<Vec<Usage>, KeyValueError> {
    let mut usages = Vec::new();
    for limit in limits {
        usages.push(count(store, clock, limit, partition).await?);
    }
    Ok(usages)
}

/// The end of the window comes first, so that a sweep knows from the key alone what is over.
fn key(limit: &Limit, partition: &Partition, window: u64) -> String {
    let end = (window + 1) * limit.window;
    format!("rate-limit/{end}/{}/{}", limit.policy, partition.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::parse_limits;
    use crate::test_support::{MemoryKeyValue, TestClock, block_on};

    fn limit() -> Limit {
        parse_limits("x", "3;w=60").unwrap().remove(0)
    }

    fn take(store: &MemoryKeyValue, clock: &TestClock, who: &str) -> Usage {
        block_on(count(store, clock, &limit(), &Partition(who.to_owned()))).unwrap()
    }

    #[test]
    fn a_window_takes_its_quota_and_no_more() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(600));
        let standing: Vec<_> = (0..5)
            .map(|_| take(&store, &clock, "a"))
            .map(|usage| (usage.remaining, usage.exceeded))
            .collect();
        assert_eq!(
            standing,
            [(2, false), (1, false), (0, false), (0, true), (0, true)]
        );
    }

    #[test]
    fn each_partition_has_its_own_quota() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(600));
        for who in ["a", "b", "c"] {
            assert_eq!(take(&store, &clock, who).remaining, 2);
        }
    }

    #[test]
    fn the_next_window_starts_anew_at_the_second_that_was_announced() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(600));
        for _ in 0..4 {
            take(&store, &clock, "a");
        }
        clock.set_secs(601);
        let usage = take(&store, &clock, "a");
        assert!(usage.exceeded);
        clock.set_secs(601 + usage.reset - 1);
        assert!(take(&store, &clock, "a").exceeded);
        clock.set_secs(601 + usage.reset);
        assert_eq!(take(&store, &clock, "a").remaining, 2);
    }

    #[test]
    fn a_client_that_stays_leaves_no_more_than_two_counters() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(0));
        for minute in 0..50 {
            clock.set_secs(minute * 60);
            take(&store, &clock, "a");
        }
        assert_eq!(store.keys().len(), 2);
    }

    #[test]
    fn the_store_never_sees_an_address() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(600));
        block_on(count(
            &store,
            &clock,
            &limit(),
            &Partition::email("ann@example.com"),
        ))
        .unwrap();
        assert!(
            store.keys().iter().all(|key| !key.contains("ann")),
            "{:?}",
            store.keys()
        );
    }

    #[test]
    fn a_store_that_fails_is_an_error() {
        let (store, clock) = (MemoryKeyValue::default(), TestClock::at_secs(600));
        store.set_down(true);
        assert!(block_on(count(&store, &clock, &limit(), &Partition("a".to_owned()))).is_err());
    }
}
