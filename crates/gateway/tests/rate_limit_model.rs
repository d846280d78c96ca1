//! The limiter as a whole, on a store in memory and a clock that is moved: many instances, each dropped after 128 requests, or as
//! many as Spin is told, or a second without one, as Spin does. What passes is held against the promises: never more than 1.1
//! quotas in any span of a window, the whole quota for a burst, and nearly all of it, for few writes, for a client that keeps
//! coming.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use jetway_gateway::ports::{Clock, KeyValue, KeyValueError};
use jetway_gateway::rate_limit::{By, Limit, Limiter, Partition, Sweep, Usage, parse_limits};
use jetway_gateway::test_support::{MemoryKeyValue, NobodyWaits, TestClock, block_on};
use proptest::prelude::*;

/// Some gateways that share a store.
struct World {
    store: MemoryKeyValue,
    clock: TestClock,
    limit: Arc<Limit>,
    instances: Vec<Instance>,
    /// How many requests an instance serves.
    life: usize,
    passed: Vec<u64>,
    asked: usize,
}

struct Instance {
    limiter: Limiter,
    requests: usize,
    last: u64,
}

impl Instance {
    fn new() -> Self {
        Self {
            limiter: Limiter::new(),
            requests: 0,
            last: 0,
        }
    }
}

impl World {
    fn new(limit: &str, instances: usize) -> Self {
        Self {
            store: MemoryKeyValue::default(),
            clock: TestClock::default(),
            limit: Arc::new(parse_limits("x", By::Client, limit).unwrap().remove(0)),
            instances: (0..instances).map(|_| Instance::new()).collect(),
            life: 128,
            passed: Vec::new(),
            asked: 0,
        }
    }

    fn now(&self) -> u64 {
        self.clock.now().as_millis()
    }

    fn wait(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    /// A request to one of the instances.
    fn ask(&mut self, instance: usize) -> Usage {
        let now = self.now();
        let count = self.instances.len();
        let instance = &mut self.instances[instance % count];
        if instance.requests == self.life || now > instance.last + 1000 {
            *instance = Instance::new();
        }
        instance.requests += 1;
        instance.last = now;
        self.asked += 1;
        instance.limiter.note_request();
        let limits = [(&self.limit, Partition::Everybody)];
        let (store, clock) = (&self.store, &self.clock);
        let counted = instance
            .limiter
            .count(store, clock, &NobodyWaits, limits, clock.now());
        let usage = block_on(counted).unwrap().remove(0);
        if !usage.exceeded {
            self.passed.push(now);
        }
        usage
    }

    /// The most that passed in any span of a window.
    fn most_in_a_span(&self) -> u64 {
        let window = self.limit.window * 1000;
        let in_span = |(index, start): (usize, &u64)| {
            self.passed[index..]
                .iter()
                .take_while(|time| **time < start + window)
                .count()
        };
        self.passed.iter().enumerate().map(in_span).max().unwrap_or(0) as u64
    }

    fn allowed(&self) -> u64 {
        self.limit.quota + self.limit.quota / 10
    }

    /// A client that asks `per_window` times in each of `windows`, evenly, each time of the next of `spread` instances.
    fn steady(&mut self, per_window: u64, windows: u64) {
        let start = self.now();
        for request in 0..per_window * windows {
            let due = start + request * self.limit.window * 1000 / per_window;
            self.wait(due.saturating_sub(self.now()));
            self.ask(usize::try_from(request).unwrap());
        }
    }
}

#[test]
fn a_steady_client_gets_its_quota_for_few_writes() {
    for (quota, window) in [
        (600, 60),
        (1000, 60),
        (6000, 60),
        (600, 10),
        (20_000, 60),
        (300, 60),
        (100, 60),
    ] {
        for (instances, pace) in [(1, 100), (1, 130), (2, 100), (2, 200)] {
            for life in [128, 1024] {
                let windows = 5;
                let mut world = World::new(&format!("{quota};w={window}"), instances);
                world.life = life;
                world.steady(quota * pace / 100, windows);
                let passed = world.passed.len() as f64 / (quota * windows) as f64;
                let writes = world.store.writes() as f64 / world.asked as f64;
                let case = format!("{quota};w={window}, {instances} of {life} requests, pace {pace}%");
                println!("{case}: {passed:.3} q, {writes:.3} writes a request");
                assert!(passed >= 0.95, "{case}: {passed}");
                assert!(world.most_in_a_span() <= world.allowed());
                if quota >= 600 && instances == 1 {
                    assert!(writes <= 0.1, "{case}: {writes}");
                }
            }
        }
    }
}

/// As many gateways as there may be behind a load balancer that takes them in turn. Whatever a few requests do not use up dies with
/// their instance within a second, so an instance may not take much before it has seen who comes.
#[test]
fn a_steady_client_gets_its_quota_however_many_instances_it_meets() {
    for (quota, window) in [
        (100, 10),
        (600, 60),
        (600, 10),
        (1000, 60),
        (6000, 60),
        (60_000, 60),
    ] {
        for instances in [5, 14, 20, 140] {
            let windows = 3;
            let mut world = World::new(&format!("{quota};w={window}"), instances);
            world.steady(quota, windows);
            let passed = world.passed.len() as f64 / (quota * windows) as f64;
            println!("{quota};w={window}, {instances} instances: {passed:.3} q");
            assert!(
                passed >= 0.95,
                "{quota};w={window}, {instances} instances: {passed}"
            );
            assert!(world.most_in_a_span() <= world.allowed());
        }
    }
}

#[test]
fn a_small_quota_is_had_exactly() {
    for quota in [1, 2, 5, 10, 20] {
        for window in [1, 3, 60, 3600] {
            let mut world = World::new(&format!("{quota};w={window}"), 3);
            // A client that tries ten times as often, for a little less than three windows.
            let start = world.now();
            while world.now() < start + window * 2950 {
                world.ask(world.asked);
                world.wait((window * 100 / quota).max(1));
            }
            assert_eq!(world.passed.len() as u64, 3 * quota, "{quota};w={window}");
            assert!(world.most_in_a_span() <= world.allowed());
        }
    }
}

#[test]
fn a_burst_gets_the_quota_and_no_more() {
    for quota in [1, 5, 20, 99] {
        let mut world = World::new(&format!("{quota};w=60"), 4);
        for request in 0..quota * 3 {
            world.ask(usize::try_from(request).unwrap());
        }
        assert_eq!(world.passed.len() as u64, quota);
    }
}

#[test]
fn whoever_waits_as_long_as_told_passes() {
    for limit in ["1;w=3", "5;w=60", "10;w=60", "100;w=60", "600;w=1"] {
        let mut world = World::new(limit, 1);
        for _ in 0..20 {
            let mut usage = world.ask(0);
            while !usage.exceeded {
                usage = world.ask(0);
            }
            world.wait(usage.reset * 1000);
            assert!(!world.ask(0).exceeded, "{limit}");
        }
        assert!(world.most_in_a_span() <= world.allowed());
    }
}

#[test]
fn a_refusal_costs_the_store_nothing() {
    let mut world = World::new("5;w=60", 1);
    while !world.ask(0).exceeded {}
    let writes = world.store.writes();
    for _ in 0..100 {
        assert!(world.ask(0).exceeded);
    }
    assert_eq!(world.store.writes(), writes);
}

/// How often one sweeps.
const PERIOD: Duration = Duration::from_secs(30);

#[test]
fn a_sweep_leaves_nothing_older_than_two_windows() {
    let mut world = World::new("600;w=60", 2);
    let (sweep, other) = (Sweep::new(), Sweep::new());
    block_on(world.store.set("revoked/session/a", b"1")).unwrap();
    block_on(world.store.set("revoked/session/b", b"99999999999")).unwrap();
    block_on(world.store.set("jwks", b"x")).unwrap();
    let mut most = 0;
    for _ in 0..20 {
        world.steady(300, 1);
        for sweep in [&sweep, &other] {
            if sweep.is_due(world.clock.now(), PERIOD) {
                block_on(Sweep::run(&world.store, &world.clock, &NobodyWaits, PERIOD)).unwrap();
            }
        }
        most = most.max(world.store.keys().len());
    }
    assert!(most <= 60, "{most}");
    world.wait(120_000);
    assert!(sweep.is_due(world.clock.now(), PERIOD));
    block_on(Sweep::run(&world.store, &world.clock, &NobodyWaits, PERIOD)).unwrap();
    let left = world.store.keys();
    let limiters = left.iter().filter(|key| key.starts_with("rate-limit/")).count();
    assert_eq!(limiters, 1, "the claim of this sweep alone: {left:?}");
    assert!(left.contains(&"revoked/session/b".to_owned()) && left.contains(&"jwks".to_owned()));
    assert!(!left.contains(&"revoked/session/a".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes whenever, over however many instances.
    #[test]
    fn no_span_of_a_window_passes_more_than_a_tenth_beyond_the_quota(
        quota in prop_oneof![1_u64..30, 90_u64..400],
        window in 1_u64..20,
        instances in 1_usize..5,
        steps in prop::collection::vec((0_u64..3000, 0_usize..200, any::<usize>()), 1..60),
    ) {
        let mut world = World::new(&format!("{quota};w={window}"), instances);
        for (pause, requests, instance) in steps {
            world.wait(pause);
            for request in 0..requests {
                world.ask(instance.wrapping_add(request / 3));
            }
        }
        prop_assert!(world.most_in_a_span() <= world.allowed(), "{} > {}", world.most_in_a_span(), world.allowed());
    }
}

/// A store whose next increment takes so long.
struct SlowOnce<'a> {
    world: &'a World,
    millis: Cell<u64>,
}

impl KeyValue for SlowOnce<'_> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        self.world.store.get(key).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        self.world.store.set(key, value).await
    }

    async fn delete(&self, key: &str) -> Result<(), KeyValueError> {
        self.world.store.delete(key).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        self.world.wait(self.millis.take());
        self.world.store.increment(key, delta).await
    }

    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KeyValueError> {
        self.world.store.get_all(keys).await
    }
}

#[test]
fn a_permit_in_hand_may_run_out_while_another_limit_is_waited_for() {
    let mut world = World::new("1200;w=60", 1);
    for _ in 0..6 {
        world.ask(0);
    }
    let written = world.store.writes();
    world.ask(0);
    assert_eq!(world.store.writes(), written, "permits are in hand");

    let hourly = Arc::new(
        parse_limits("hourly", By::Client, "9000;w=3600")
            .unwrap()
            .remove(0),
    );
    let limits = [&hourly, &world.limit].map(|limit| (limit, Partition::Everybody));
    let store = SlowOnce {
        world: &world,
        millis: Cell::new(7000),
    };
    let now = world.clock.now();
    let limiter = &world.instances[0].limiter;
    let usages = block_on(limiter.count(&store, &world.clock, &NobodyWaits, limits, now)).unwrap();

    assert!(usages.iter().all(|usage| !usage.exceeded));
    assert_eq!(world.store.writes(), written + 2, "one for each limit");
}
