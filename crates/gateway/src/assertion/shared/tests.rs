use std::cell::Cell;
use std::time::Duration;

use super::*;
use crate::test_support::{CountingEntropy, MemoryKeyValue, TestClock, block_on};

const SECRET: &str = "a secret of more than 32 characters";
const OTHER: &str = "another one, of about the same length";

/// A store that two instances share, and what `signin` has been asked.
#[derive(Default)]
struct World {
    store: MemoryKeyValue,
    clock: TestClock,
    entropy: CountingEntropy,
    asked: Cell<u8>,
}

/// Hands over another key each time.
struct Signin<'a>(&'a World);

impl KeySource for Signin<'_> {
    async fn fetch(&self) -> Result<KnownKey, KeyUnavailable> {
        let World { asked, clock, .. } = self.0;
        asked.set(asked.get() + 1);
        Ok(KnownKey {
            key: AssertionKey::parse(&[asked.get(); 32]).unwrap(),
            since: clock.now(),
        })
    }
}

impl World {
    /// What a new instance learns that has this secret.
    fn learn(&self, secret: Option<&str>) -> KnownKey {
        let secret = secret.map(|secret| SharingSecret::parse(secret).unwrap());
        let shared = Shared {
            origin: Signin(self),
            secret: secret.as_ref(),
            store: &self.store,
            clock: &self.clock,
            entropy: &self.entropy,
        };
        block_on(shared.fetch()).unwrap()
    }

    /// Which of the keys that is.
    fn nth(&self, secret: Option<&str>) -> u8 {
        self.learn(secret).key.reveal_seed()[0]
    }

    fn sealed(&self) -> Option<Vec<u8>> {
        block_on(self.store.get(SEALED_KEY)).unwrap()
    }
}

#[test]
fn one_instance_asks_for_all_of_ten_minutes() {
    let world = World::default();
    assert_eq!([world.nth(Some(SECRET)), world.nth(Some(SECRET))], [1, 1]);
    let learnt = world.clock.now();
    world.clock.advance(KEY_MAX_AGE - Duration::from_millis(1));
    let known = world.learn(Some(SECRET));
    assert_eq!(known.key.reveal_seed(), &[1; 32]);
    // What another instance has left is as old as it is: nobody keeps it for ten minutes more.
    assert_eq!(known.since, learnt);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!([world.nth(Some(SECRET)), world.nth(Some(SECRET))], [2, 2]);
}

#[test]
fn without_a_secret_nothing_is_left_or_taken() {
    let world = World::default();
    assert_eq!([world.nth(None), world.nth(None)], [1, 2]);
    assert_eq!(world.sealed(), None);
    world.nth(Some(SECRET));
    assert_eq!(world.nth(None), 4);
}

#[test]
fn the_store_tells_nobody_else_the_key() {
    let world = World::default();
    let seed = *world.learn(Some(SECRET)).key.reveal_seed();
    let sealed = world.sealed().unwrap();
    assert!(!sealed.windows(4).any(|bytes| seed.starts_with(bytes)));
    // Another secret opens nothing, and replaces what it cannot open.
    assert_eq!(world.nth(Some(OTHER)), 2);
    assert_eq!(world.nth(Some(OTHER)), 2);
    assert_eq!(world.nth(Some(SECRET)), 3);
}

#[test]
fn what_was_changed_is_not_believed() {
    let world = World::default();
    world.nth(Some(SECRET));
    let sealed = world.sealed().unwrap();
    let secret = SharingSecret::parse(SECRET).unwrap();
    assert!(secret.open(&sealed).is_some());
    for byte in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[byte] ^= 1;
        assert!(secret.open(&changed).is_none(), "byte {byte}");
        assert!(secret.open(&sealed[..byte]).is_none(), "{byte} bytes");
    }
}

#[test]
fn one_that_comes_from_the_future_is_of_now() {
    let world = World::default();
    world.clock.advance(Duration::from_secs(60));
    world.nth(Some(SECRET));
    let behind = TestClock::default();
    let secret = SharingSecret::parse(SECRET).unwrap();
    let shared = Shared {
        origin: Signin(&world),
        secret: Some(&secret),
        store: &world.store,
        clock: &behind,
        entropy: &world.entropy,
    };
    let known = block_on(shared.fetch()).unwrap();
    assert_eq!((known.since, world.asked.get()), (behind.now(), 1));
}

#[test]
fn a_store_that_is_down_is_done_without() {
    let world = World::default();
    world.store.set_down(true);
    assert_eq!([world.nth(Some(SECRET)), world.nth(Some(SECRET))], [1, 2]);
    world.store.set_down(false);
    assert_eq!(world.sealed(), None);
}

#[test]
fn a_secret_that_can_be_guessed_is_refused_and_none_is_shown() {
    let error = SharingSecret::parse("hunter2").unwrap_err().to_string();
    assert!(
        error.contains("fewer than 32") && !error.contains("hunter2"),
        "{error}"
    );
    assert_eq!(
        format!("{:?}", SharingSecret::parse(SECRET).unwrap()),
        "SharingSecret(..)"
    );
}
