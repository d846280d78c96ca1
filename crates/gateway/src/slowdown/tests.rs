use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::standing::Standing;
use super::*;
use crate::client::{Chain, Client, ClientKey, Ipv6Prefix};
use crate::domain::EmailAddress;
use crate::ports::Timestamp;
use crate::rate_limit::Sweep;
use crate::test_support::{MemoryKeyValue, NobodyWaits, TestClock, block_on};

struct Door {
    store: MemoryKeyValue,
    clock: TestClock,
    policy: Policy,
}

impl Door {
    fn new() -> Self {
        let clock = TestClock::default();
        // To the start of a window, so that a test's seconds are all in one.
        let into = clock.now().as_millis() % 900_000;
        clock.advance(Duration::from_millis(900_000 - into));
        Self {
            store: MemoryKeyValue::default(),
            clock,
            policy: Policy::parse("5;email=20;w=900;max=300").unwrap(),
        }
    }

    fn begin(
        &self,
        email: &str,
        client: &str,
        device: Option<u8>,
    ) -> Result<Attempt<'_, MemoryKeyValue>, NotNow> {
        let email = EmailAddress::parse(email).unwrap();
        let who = Who {
            email: &email,
            client: client_key(client),
            device: device.map(DeviceId::for_test),
        };
        block_on(Slowdown::new(&self.store, &self.clock, Some(&self.policy)).begin(&who))
    }

    /// Fails, or is told for how many seconds to wait.
    fn fail(&self, email: &str, client: &str, device: Option<u8>) -> Result<(), u64> {
        match self.begin(email, client, device) {
            Ok(_failed) => Ok(()),
            Err(NotNow::TooEarly(seconds)) => Err(seconds),
            Err(NotNow::Failed(error)) => panic!("{error}"),
        }
    }

    fn trusts(&self, device: u8) -> bool {
        let slowdown = Slowdown::new(&self.store, &self.clock, Some(&self.policy));
        block_on(slowdown.trusts(DeviceId::for_test(device))).unwrap()
    }

    fn seconds(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn client_key(address: &str) -> ClientKey {
    let address: IpAddr = address.parse().unwrap();
    let client = Client {
        address: Some(address),
        chain: Chain::new(),
        via_trusted_proxy: false,
    };
    client.key(Ipv6Prefix::default())
}

const ADA: &str = "ada@example.com";
const HOME: &str = "192.0.2.7";

#[test]
fn a_few_failures_are_free_and_then_each_makes_the_next_wait_twice_as_long() {
    let door = Door::new();
    for _ in 0..5 {
        assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300] {
        assert_eq!(door.fail(ADA, HOME, None), Err(wait));
        door.seconds(wait - 1);
        assert_eq!(door.fail("ADA@example.com", HOME, None), Err(1));
        door.seconds(1);
        assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    }
}

#[test]
fn a_refused_attempt_writes_nothing_and_makes_nobody_wait_longer() {
    let door = Door::new();
    for _ in 0..5 {
        door.fail(ADA, HOME, None).unwrap();
    }
    let writes = door.store.writes();
    for _ in 0..100 {
        assert_eq!(door.fail(ADA, HOME, None), Err(1));
    }
    assert_eq!(door.store.writes(), writes);
}

#[test]
fn clients_and_addresses_are_counted_apart_and_one_address_from_everywhere_too() {
    let door = Door::new();
    for _ in 0..5 {
        door.fail(ADA, HOME, None).unwrap();
    }
    assert_eq!(door.fail("bob@example.com", HOME, None), Ok(()));
    // A customer's whole IPv6 network is one client.
    for i in 0..5 {
        assert_eq!(door.fail(ADA, &format!("2001:db8::{i}"), None), Ok(()));
    }
    assert_eq!(door.fail(ADA, "2001:db8::77", None), Err(1));
    for i in 0..10 {
        assert_eq!(door.fail(ADA, &format!("198.51.100.{i}"), None), Ok(()));
    }
    assert_eq!(door.fail(ADA, "203.0.113.1", None), Err(1));
    assert_eq!(door.fail("bob@example.com", "203.0.113.1", None), Ok(()));
}

#[test]
fn a_device_that_has_signed_in_before_is_held_up_by_nobody_elses_failures() {
    let door = Door::new();
    for i in 0..20 {
        door.fail(ADA, &format!("198.51.100.{i}"), None).unwrap();
    }
    assert_eq!(door.fail(ADA, HOME, None), Err(1));
    for _ in 0..5 {
        assert_eq!(door.fail(ADA, HOME, Some(1)), Ok(()));
    }
    assert_eq!(door.fail(ADA, HOME, Some(1)), Err(1));
    assert_eq!(door.fail(ADA, HOME, Some(2)), Ok(()));
}

#[test]
fn a_device_that_goes_on_guessing_is_trusted_no_more() {
    let door = Door::new();
    for wait in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        assert!(door.trusts(1));
        door.seconds(wait);
        door.fail(ADA, HOME, Some(1)).unwrap();
    }
    assert!(!door.trusts(1) && door.trusts(2));
}

#[test]
fn a_success_forgets_the_failures_of_its_client_and_not_those_from_elsewhere() {
    let door = Door::new();
    for i in 0..15 {
        door.fail(ADA, &format!("198.51.100.{i}"), None).unwrap();
    }
    for _ in 0..4 {
        door.fail(ADA, HOME, None).unwrap();
    }
    block_on(door.begin(ADA, HOME, None).unwrap().succeeded());
    // Nineteen are still counted for the address: one more is free.
    assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    assert_eq!(door.fail(ADA, HOME, None), Err(1));

    for _ in 0..4 {
        door.fail(ADA, HOME, Some(1)).unwrap();
    }
    block_on(door.begin(ADA, HOME, Some(1)).unwrap().succeeded());
    for _ in 0..5 {
        assert_eq!(door.fail(ADA, HOME, Some(1)), Ok(()));
    }
}

#[test]
fn an_attempt_that_came_to_nothing_was_none() {
    let door = Door::new();
    for _ in 0..50 {
        block_on(door.begin(ADA, HOME, None).unwrap().came_to_nothing());
    }
    for _ in 0..5 {
        assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    }
    assert_eq!(door.fail(ADA, HOME, None), Err(1));
}

#[test]
fn failures_fade_window_by_window() {
    let door = Door::new();
    for wait in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64] {
        door.seconds(wait);
        door.fail(ADA, HOME, None).unwrap();
    }
    door.seconds(900);
    // Half of the twelve are left.
    assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    assert_eq!(door.fail(ADA, HOME, None), Err(4));
    door.seconds(1800);
    for _ in 0..5 {
        assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    }
}

#[test]
fn a_wait_outlasts_the_window_in_which_it_began() {
    let door = Door::new();
    door.seconds(800);
    for wait in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32] {
        door.seconds(wait);
        door.fail(ADA, HOME, None).unwrap();
    }
    // The next window begins, and half of the eleven failures with it: but the latest was just now.
    door.seconds(900 - 863);
    assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    let door = Door::new();
    door.seconds(899);
    for _ in 0..9 {
        block_on(door.store.increment(&failures_key(&door), 1)).unwrap();
    }
    door.fail(ADA, HOME, None).unwrap();
    door.seconds(1);
    // Ten count as five, and the wait after five is a second.
    assert_eq!(door.fail(ADA, HOME, None), Ok(()));
    assert_eq!(door.fail(ADA, HOME, None), Err(2));
}

fn failures_key(door: &Door) -> String {
    standings(door)[0].this.failures.clone()
}

fn standings(door: &Door) -> Vec<Standing> {
    let email = EmailAddress::parse(ADA).unwrap();
    let who = Who {
        email: &email,
        client: client_key(HOME),
        device: None,
    };
    let subjects = subjects(&who, &door.policy);
    block_on(read(&door.store, &door.policy, door.clock.now(), &subjects)).unwrap()
}

#[test]
fn of_many_at_once_as_many_get_through_as_may_fail() {
    let door = Door::new();
    for round in [5, 1, 1] {
        let passed = at_once(40, || door.fail(ADA, HOME, None).is_ok());
        assert_eq!(passed, round);
        assert!(matches!(door.fail(ADA, HOME, None), Err(1..=4)));
        door.seconds(4);
    }
}

#[test]
fn many_failures_at_once_are_all_counted() {
    let mut door = Door::new();
    door.policy = Policy::parse("40;email=40;w=900;max=300").unwrap();
    assert_eq!(at_once(40, || door.fail(ADA, HOME, None).is_ok()), 40);
    assert_eq!(door.fail(ADA, HOME, None), Err(1));
}

#[test]
fn of_successes_and_failures_at_once_every_failure_is_counted_for_the_address_and_no_success() {
    for _ in 0..20 {
        let mut door = Door::new();
        door.policy = Policy::parse("30;email=30;w=900;max=300").unwrap();
        let turn = AtomicUsize::new(0);
        let passed = at_once(30, || match door.begin(ADA, HOME, None) {
            Ok(attempt) if turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) => {
                block_on(attempt.succeeded());
                true
            }
            other => other.is_ok(),
        });
        assert_eq!(passed, 30);
        let [pair, email] = standings(&door).try_into().unwrap();
        assert_eq!(email.failures(), 20);
        assert!(pair.failures() <= 20, "those before a success are forgotten");
    }
}

/// Runs `act` in as many threads at once, and gives how many came through.
fn at_once(threads: usize, act: impl Fn() -> bool + Sync) -> usize {
    let start = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let run = || {
            start.wait();
            act()
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let passed = handles.into_iter().map(|handle| handle.join().unwrap());
        passed.filter(|passed| *passed).count()
    })
}

#[test]
fn nothing_of_it_names_an_address_and_the_sweep_takes_it_all() {
    let door = Door::new();
    for device in [None, Some(1)] {
        for _ in 0..5 {
            door.fail(ADA, HOME, device).unwrap();
        }
    }
    let keys = door.store.keys();
    assert!(keys.len() >= 5 && !keys.iter().any(|key| key.contains("ada") || key.contains(HOME)));
    door.seconds(2700);
    block_on(Sweep::run(
        &door.store,
        &door.clock,
        &NobodyWaits,
        Duration::from_secs(60),
    ))
    .unwrap();
    let left = door.store.keys();
    assert!(left.iter().all(|key| key.ends_with("/sweep")), "{left:?}");
}

#[test]
fn another_machines_clock_makes_nobody_wait_for_longer() {
    let door = Door::new();
    for _ in 0..5 {
        door.fail(ADA, HOME, None).unwrap();
    }
    let ahead = Timestamp::from_millis(door.clock.now().as_millis() + 50_000);
    let latest = failures_key(&door).replace("/failures", "/latest");
    block_on(door.store.set(&latest, ahead.as_millis().to_string().as_bytes())).unwrap();
    assert_eq!(door.fail(ADA, HOME, None), Err(1));
}

#[test]
fn what_cannot_be_counted_does_not_begin() {
    let door = Door::new();
    door.store.set_down(true);
    assert!(matches!(door.begin(ADA, HOME, None), Err(NotNow::Failed(_))));
}
