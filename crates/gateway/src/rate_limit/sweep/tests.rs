use super::*;
use crate::ports::KeyValue as _;
use crate::test_support::{MemoryKeyValue, NobodyWaits, TestClock, block_on};

const PERIOD: Duration = Duration::from_secs(60);

/// A store of which a search finds ten keys at once.
fn store() -> MemoryKeyValue {
    let store = MemoryKeyValue::default();
    store.set_page(10);
    store
}

#[test]
fn a_store_that_cannot_be_listed_at_once_is_swept_to_its_end() {
    let (store, clock) = (store(), TestClock::at_secs(1_800_000_000));
    let now = clock.now().as_millis();
    for n in 0..95 {
        block_on(store.set(&format!("rate-limit/{}/default/{n}", now - n), b"x")).unwrap();
        block_on(store.set(&format!("rate-limit/{}/default/{n}", now + 1 + n), b"x")).unwrap();
        block_on(store.set(&format!("revoked/session/new-{n}"), b"99999999999")).unwrap();
        block_on(store.set(&format!("revoked/session/old-{n}"), b"1")).unwrap();
    }
    let removed = block_on(Sweep::run(&store, &clock, &NobodyWaits, PERIOD)).unwrap();
    assert_eq!(removed, Some(190));
    assert_eq!(
        store.keys().len(),
        190 + 1,
        "what counts, and the claim of this sweep"
    );
}

/// Time goes on whenever others are let go on.
struct Busy<'a>(&'a TestClock);

impl GiveWay for Busy<'_> {
    async fn give_way(&self) {}

    async fn pause(&self, _: Duration) {
        self.0.advance(Duration::from_secs(3));
    }
}

#[test]
fn a_sweep_that_takes_long_leaves_the_rest_to_the_next() {
    let (store, clock) = (store(), TestClock::at_secs(1_800_000_000));
    let now = clock.now().as_millis();
    for n in 0..100 {
        block_on(store.set(&format!("rate-limit/{}/default/{n}", now - n), b"x")).unwrap();
    }
    let sweep = || block_on(Sweep::run(&store, &clock, &Busy(&clock), PERIOD)).unwrap();
    assert_eq!(sweep(), Some(40));
    assert_eq!(sweep(), None, "once in a period");
    clock.advance(PERIOD);
    assert_eq!(sweep(), Some(40));
    clock.advance(PERIOD);
    assert!(sweep().is_some_and(|removed| removed >= 20));
    assert!(store.keys().iter().all(|key| key.ends_with("/sweep")));
}
