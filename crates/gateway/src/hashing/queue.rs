//! The queue of an instance's hashes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pace::Pace;
use crate::ports::{Clock, GiveWay, Timestamp};

/// Nobody is let in who would have to wait for longer until their own hash begins.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often one looks at least whether it is one's turn, and at most.
///
/// Nobody is woken, everybody looks: in a component, one request cannot wake another. (The SDK's runtime panics at it; with
/// the feature that allows it, Wasmtime 48 traps.) Who is next in line looks at the shortest interval, and so the thread is
/// idle for half a millisecond between two hashes.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(25)];

/// The hashes that an instance has to do: one for an instance, as a `static`. One is computed at a time, the others wait in
/// the order in which they came; whoever goes away, in the middle of their turn or before it, leaves their place to the next.
#[derive(Debug)]
pub struct HashingQueue(Mutex<Line>);

/// The queue would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hashes that take {wait:?} are waiting already")]
pub struct TooBusy {
    /// How long those who are there already will take.
    pub wait: Duration,
}

#[derive(Debug)]
struct Line {
    /// The first is the one whose turn it is.
    waiting: VecDeque<Ticket>,
    next_number: u64,
    pace: Pace,
}

#[derive(Debug)]
struct Ticket {
    number: u64,
    rounds_left: u32,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct Place<'a> {
    queue: &'a HashingQueue,
    number: u64,
    rounds: u32,
}

/// The place at the head of the queue.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    place: Place<'a>,
    since: Timestamp,
}

impl HashingQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        Self(Mutex::new(Line {
            waiting: VecDeque::new(),
            next_number: 0,
            pace: Pace::new(),
        }))
    }

    /// A place for a hash of `rounds`, or the refusal of one. What decides is the work of those who are there already: a hash
    /// of one's own that takes long, or an address that nobody has, changes nothing.
    pub(super) fn enter(&self, rounds: u32) -> Result<Place<'_>, TooBusy> {
        let mut line = self.line();
        let wait = line.wait_of(u64::MAX);
        if wait > LONGEST_WAIT {
            return Err(TooBusy { wait });
        }
        let number = line.next_number;
        line.next_number += 1;
        line.waiting.push_back(Ticket {
            number,
            rounds_left: rounds,
        });
        Ok(Place {
            queue: self,
            number,
            rounds,
        })
    }

    /// The guard is never held across an await. What is in it is whole even if a panic left it poisoned.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for HashingQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl TooBusy {
    /// After how many seconds a new attempt makes sense: when those who are there now are done.
    pub fn retry_after(self) -> u64 {
        self.wait.as_secs() + 1
    }
}

impl Line {
    fn is_turn_of(&self, number: u64) -> bool {
        self.waiting.front().is_some_and(|first| first.number == number)
    }

    /// How long those before this number will take.
    fn wait_of(&self, number: u64) -> Duration {
        let before = self.waiting.iter().take_while(|ticket| ticket.number < number);
        self.pace
            .estimate(before.map(|ticket| u64::from(ticket.rounds_left)).sum())
    }
}

impl<'a> Place<'a> {
    /// Waits until everybody who came before is done or gone.
    pub(super) async fn turn(self, clock: &impl Clock, way: &impl GiveWay) -> Turn<'a> {
        while let Some(wait) = self.wait() {
            let [least, most] = LOOK_AGAIN;
            way.pause((wait / 2).clamp(least, most)).await;
        }
        Turn {
            place: self,
            since: clock.now(),
        }
    }

    /// How long it will be until the turn comes; `None` where it has.
    fn wait(&self) -> Option<Duration> {
        let line = self.queue.line();
        (!line.is_turn_of(self.number)).then(|| line.wait_of(self.number))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let number = self.number;
        self.queue.line().waiting.retain(|ticket| ticket.number != number);
    }
}

impl Turn<'_> {
    /// Notes that only `left` rounds are left to do.
    pub(super) fn progressed(&mut self, left: u32) {
        if let Some(first) = self.place.queue.line().waiting.front_mut() {
            first.rounds_left = left;
        }
    }

    /// Notes how long it took, and lets the next one have their turn.
    pub(super) fn finished(self, clock: &impl Clock) {
        let time = self.since.until(clock.now());
        self.place.queue.line().pace.note(self.place.rounds, time);
    }
}

#[cfg(test)]
mod tests;
