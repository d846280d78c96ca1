use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::domain::{BcryptCost, Password, Peppers};
use crate::test_support::TestClock;

/// Whoever gives way or pauses here goes on when they are polled again.
struct UntilPolled;

async fn once_more() {
    let mut polled = false;
    poll_fn(|_| match std::mem::replace(&mut polled, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

impl GiveWay for UntilPolled {
    async fn give_way(&self) {
        once_more().await;
    }

    async fn pause(&self, duration: Duration) {
        let [least, most] = LOOK_AGAIN;
        assert!((least..=most).contains(&duration), "{duration:?}");
        once_more().await;
    }
}

type Computing<'a> = Pin<Box<dyn Future<Output = PasswordHash> + 'a>>;

fn begin(cost: &str, salt: u8) -> Bcrypt {
    let password = Password::parse("correct horse".to_owned()).unwrap();
    PasswordHash::begin(
        &password,
        &Peppers::none(),
        BcryptCost::parse(cost).unwrap(),
        [salt; 16],
    )
}

/// The hash that is made alone.
fn alone(cost: &str, salt: u8) -> PasswordHash {
    let mut bcrypt = begin(cost, salt);
    while bcrypt.rounds_left() > 0 {
        Bcrypt::advance([&mut bcrypt]);
    }
    bcrypt.hash().unwrap()
}

fn enter<'a>(queue: &'a HashingQueue, cost: &'a str, salt: u8, clock: &'a TestClock) -> Computing<'a> {
    let place = queue.enter(|| begin(cost, salt)).unwrap();
    Box::pin(place.compute(clock, &UntilPolled))
}

fn poll(computing: &mut Computing<'_>) -> Option<PasswordHash> {
    match computing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(hash) => Some(hash),
        Poll::Pending => None,
    }
}

/// How often one has to be polled until the hash is there.
fn polls(computing: &mut Computing<'_>) -> (usize, PasswordHash) {
    (1..)
        .find_map(|count| poll(computing).map(|hash| (count, hash)))
        .unwrap()
}

fn rounds_left(queue: &HashingQueue) -> Vec<u32> {
    let line = queue.line();
    line.tickets
        .iter()
        .map(|ticket| ticket.bcrypt.rounds_left())
        .collect()
}

/// A queue whose latest hashes took this long for a round.
fn measured(round: Duration) -> HashingQueue {
    let queue = HashingQueue::new();
    (0..5).for_each(|_| queue.line().pace.note(1, round));
    queue
}

#[test]
fn one_computes_for_all_and_each_gets_their_own() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let mut all: Vec<_> = (0..3).map(|salt| enter(&queue, "4", salt, &clock)).collect();
    let (rounds, first) = polls(&mut all[0]);
    assert_eq!((rounds, first), (17, alone("4", 0)));
    // The others need only look.
    for salt in 1..3 {
        assert_eq!(poll(&mut all[usize::from(salt)]), Some(alone("4", salt)));
    }
    assert!(rounds_left(&queue).iter().all(|&left| left == 0));
    drop(all);
    assert!(rounds_left(&queue).is_empty());
}

#[test]
fn the_first_come_are_computed_and_the_next_when_one_of_them_is_done() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let mut all: Vec<_> = ["5", "5", "5", "4", "4", "4"]
        .iter()
        .zip(0..)
        .map(|(cost, salt)| enter(&queue, cost, salt, &clock))
        .collect();
    for _ in 0..16 {
        assert!(poll(&mut all[0]).is_none());
    }
    assert_eq!(rounds_left(&queue), [16, 16, 16, 0, 16, 16]);
    assert_eq!(poll(&mut all[3]), Some(alone("4", 3)));
    assert!(poll(&mut all[5]).is_none(), "somebody else computes");
    for _ in 0..16 {
        assert!(poll(&mut all[0]).is_none());
    }
    assert_eq!(rounds_left(&queue), [0, 0, 0, 0, 16]);
    // Who has got theirs leaves the work to whoever looks next.
    assert_eq!(poll(&mut all[0]), Some(alone("5", 0)));
    drop(all.remove(0));
    assert_eq!(poll(&mut all[3]), Some(alone("4", 4)));
    assert_eq!(polls(&mut all[4]).1, alone("4", 5));
}

#[test]
fn who_goes_away_leaves_their_place_to_the_next() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let mut all: Vec<_> = (0..5).map(|salt| enter(&queue, "4", salt, &clock)).collect();
    assert!(poll(&mut all[0]).is_none());
    assert_eq!(rounds_left(&queue), [15, 15, 15, 15, 16]);
    drop(all.remove(2));
    assert!(poll(&mut all[0]).is_none());
    assert_eq!(rounds_left(&queue), [14, 14, 14, 15]);
    // The one who computes, too.
    drop(all.remove(0));
    assert!(poll(&mut all[0]).is_none());
    assert_eq!(rounds_left(&queue), [13, 13, 14]);
    for (computing, salt) in all.iter_mut().zip([1, 3, 4]) {
        assert_eq!(polls(computing).1, alone("4", salt));
    }
}

#[test]
fn who_is_abandoned_by_the_host_holds_nobody_up_for_long() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let mut abandoned = enter(&queue, "4", 0, &clock);
    assert!(poll(&mut abandoned).is_none());
    std::mem::forget(abandoned);
    let mut next = enter(&queue, "4", 1, &clock);
    clock.advance(ABANDONED / 2);
    assert!(poll(&mut next).is_none());
    assert_eq!(rounds_left(&queue), [15, 16]);
    clock.advance(ABANDONED / 2);
    assert_eq!(polls(&mut next).1, alone("4", 1));
}

#[test]
fn who_would_wait_for_more_than_five_seconds_is_refused_at_once() {
    // A hash of cost 4 takes a second.
    let queue = measured(Duration::from_secs(1) / 16);
    let enter = || queue.enter(|| begin("4", 0));
    // As many as are computed together wait for nothing, as many more for a second, and so on: exactly five are not more.
    let mut places: Vec<_> = (0..6 * Bcrypt::LANES).map(|_| enter().unwrap()).collect();
    let refused = enter().unwrap_err();
    assert_eq!(refused.wait, Duration::from_secs(6));
    assert_eq!(refused.retry_after(), 7);
    places.pop();
    assert!(enter().is_ok());
}

#[test]
fn what_has_been_done_no_longer_counts() {
    let clock = TestClock::default();
    // A hash of cost 4 takes six seconds.
    let queue = measured(Duration::from_secs(6) / 16);
    let mut all: Vec<_> = (0..4).map(|salt| enter(&queue, "4", salt, &clock)).collect();
    assert!(queue.enter(|| begin("4", 0)).is_err());
    for _ in 0..3 {
        assert!(poll(&mut all[0]).is_none());
    }
    assert!(queue.enter(|| begin("4", 0)).is_ok());
}

#[test]
fn ones_own_hash_may_take_as_long_as_it_takes() {
    let queue = measured(Duration::from_secs(3600));
    let long: Vec<_> = (0..4)
        .map(|salt| queue.enter(|| begin("4", salt)).unwrap())
        .collect();
    assert!(queue.enter(|| begin("4", 0)).is_err());
    drop(long);
    assert!(queue.enter(|| begin("4", 0)).is_ok());
}

#[test]
fn a_machine_that_is_busy_with_other_things_has_a_shorter_queue() {
    struct Slow<'a>(&'a TestClock);
    impl GiveWay for Slow<'_> {
        async fn give_way(&self) {
            self.0.advance(Duration::from_secs(1));
        }
        async fn pause(&self, _: Duration) {}
    }
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let rooms = || {
        let places: Vec<_> = std::iter::from_fn(|| queue.enter(|| begin("4", 0)).ok()).collect();
        places.len()
    };
    let before = rooms();
    for _ in 0..3 {
        let place = queue.enter(|| begin("4", 0)).unwrap();
        crate::test_support::block_on(place.compute(&clock, &Slow(&clock)));
    }
    assert!(before > Bcrypt::LANES);
    assert_eq!(rooms(), Bcrypt::LANES);
}
