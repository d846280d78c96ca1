use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::test_support::TestClock;

/// A second's worth of rounds, once [`measured`] has said so.
const SECOND: u32 = 1000;

/// Whoever pauses here looks again when they are polled again.
struct UntilPolled;

impl GiveWay for UntilPolled {
    async fn give_way(&self) {}

    async fn pause(&self, duration: Duration) {
        let [least, most] = LOOK_AGAIN;
        assert!((least..=most).contains(&duration), "{duration:?}");
        let mut polled = false;
        poll_fn(|_| match std::mem::replace(&mut polled, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Turn<'a>> + 'a>>;

/// A queue whose latest hashes took a second for a thousand rounds.
fn measured(clock: &TestClock) -> HashingQueue {
    let queue = HashingQueue::new();
    for _ in 0..5 {
        let turn = ready(&mut wait(&queue, SECOND, clock));
        clock.advance(Duration::from_secs(1));
        turn.finished(clock);
    }
    queue
}

fn wait<'a>(queue: &'a HashingQueue, rounds: u32, clock: &'a TestClock) -> Waiting<'a> {
    Box::pin(queue.enter(rounds).unwrap().turn(clock, &UntilPolled))
}

fn poll<'a>(waiting: &mut Waiting<'a>) -> Option<Turn<'a>> {
    match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(turn) => Some(turn),
        Poll::Pending => None,
    }
}

fn ready<'a>(waiting: &mut Waiting<'a>) -> Turn<'a> {
    poll(waiting).expect("it is their turn")
}

fn rounds_in(queue: &HashingQueue) -> u32 {
    queue.line().waiting.iter().map(|ticket| ticket.rounds_left).sum()
}

#[test]
fn turns_come_in_the_order_of_the_queue() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let first = ready(&mut wait(&queue, 16, &clock));
    let mut second = wait(&queue, 16, &clock);
    assert!(poll(&mut second).is_none());
    let mut third = wait(&queue, 16, &clock);
    assert!(poll(&mut third).is_none());
    first.finished(&clock);
    // Whoever comes now comes after those who are waiting, and looking first does not make one the first.
    let mut fourth = wait(&queue, 16, &clock);
    assert!(poll(&mut fourth).is_none());
    assert!(poll(&mut third).is_none());
    drop(ready(&mut second));
    assert!(poll(&mut fourth).is_none());
    drop(ready(&mut third));
    drop(ready(&mut fourth));
}

#[test]
fn who_goes_away_leaves_their_place_to_the_next() {
    let clock = TestClock::default();
    let queue = HashingQueue::new();
    let mut first = ready(&mut wait(&queue, 16, &clock));
    let mut second = wait(&queue, 16, &clock);
    let mut third = wait(&queue, 16, &clock);
    assert!(poll(&mut second).is_none() && poll(&mut third).is_none());
    drop(second);
    first.progressed(8);
    assert_eq!(rounds_in(&queue), 8 + 16);
    // In the middle of their turn, too.
    drop(first);
    assert_eq!(rounds_in(&queue), 16);
    drop(ready(&mut third));
    assert_eq!(rounds_in(&queue), 0);
}

#[test]
fn who_would_wait_for_more_than_five_seconds_is_refused_at_once() {
    let clock = TestClock::default();
    let queue = measured(&clock);
    let places: Vec<_> = (0..5).map(|_| queue.enter(SECOND).unwrap()).collect();
    // Exactly five seconds are not more than five.
    let last = queue.enter(SECOND).unwrap();
    let refused = queue.enter(1).unwrap_err();
    assert_eq!(refused.wait, Duration::from_secs(6));
    assert_eq!(refused.retry_after(), 7);
    drop(places);
    assert!(queue.enter(1).is_ok());
    drop(last);
}

#[test]
fn what_the_one_at_the_head_has_done_no_longer_counts() {
    let clock = TestClock::default();
    let queue = measured(&clock);
    let mut long = ready(&mut wait(&queue, 6 * SECOND, &clock));
    assert!(queue.enter(1).is_err());
    long.progressed(5 * SECOND);
    assert!(queue.enter(1).is_ok());
}

#[test]
fn ones_own_hash_may_take_as_long_as_it_takes() {
    let clock = TestClock::default();
    let queue = measured(&clock);
    let long = queue.enter(3600 * SECOND).unwrap();
    assert!(queue.enter(1).is_err());
    drop(long);
    assert!(queue.enter(1).is_ok());
}

#[test]
fn a_machine_that_is_busy_with_other_things_has_a_shorter_queue() {
    let clock = TestClock::default();
    let queue = measured(&clock);
    let rooms = |queue: &HashingQueue| {
        let places: Vec<_> = std::iter::from_fn(|| queue.enter(SECOND).ok()).collect();
        places.len()
    };
    assert_eq!(rooms(&queue), 6);
    for _ in 0..3 {
        let turn = ready(&mut wait(&queue, SECOND, &clock));
        clock.advance(Duration::from_secs(4));
        turn.finished(&clock);
    }
    assert_eq!(rooms(&queue), 2);
}
