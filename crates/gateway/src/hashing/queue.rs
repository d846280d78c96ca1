//! The queue of an instance's hashes.

use std::sync::{Mutex as Cell, MutexGuard as CellGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::pace::Pace;
use crate::ports::{Clock, Timestamp};

/// Nobody is let in who would have to wait for longer until their own hash begins.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The hashes that an instance has to do: one for an instance, as a `static`. One is computed at a time, the others wait in
/// the order in which they came; whoever goes away, in the middle of their turn or before it, leaves their place to the next.
#[derive(Debug)]
pub struct HashingQueue {
    /// Held by whose turn it is. Fair: who asks first is given it first.
    turn: Mutex<()>,
    load: Cell<Load>,
}

/// The queue would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hashes that take {wait:?} are already waiting")]
pub struct TooBusy {
    /// How long those who are there already will take.
    pub wait: Duration,
}

#[derive(Debug)]
struct Load {
    /// Of all who are in the queue, together.
    rounds: u64,
    pace: Pace,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct Place<'a> {
    queue: &'a HashingQueue,
    rounds: u32,
    left: u32,
}

/// A place at the head of the queue.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    place: Place<'a>,
    since: Timestamp,
    _turn: MutexGuard<'a, ()>,
}

impl HashingQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        Self {
            turn: Mutex::const_new(()),
            load: Cell::new(Load {
                rounds: 0,
                pace: Pace::new(),
            }),
        }
    }

    /// A place for a hash of `rounds`, or the refusal of one. What decides is the work of those who are there already: a hash
    /// of one's own that takes long, or an address that nobody has, changes nothing.
    pub(super) fn enter(&self, rounds: u32) -> Result<Place<'_>, TooBusy> {
        let mut load = self.load();
        let wait = load.pace.estimate(load.rounds);
        if wait > LONGEST_WAIT {
            return Err(TooBusy { wait });
        }
        load.rounds += u64::from(rounds);
        Ok(Place {
            queue: self,
            rounds,
            left: rounds,
        })
    }

    fn load(&self) -> CellGuard<'_, Load> {
        // What is in it is whole even if a panic left it poisoned.
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
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

impl<'a> Place<'a> {
    /// Waits until everybody who came before is done or gone.
    pub(super) async fn turn(self, clock: &impl Clock) -> Turn<'a> {
        let turn = self.queue.turn.lock().await;
        Turn {
            since: clock.now(),
            place: self,
            _turn: turn,
        }
    }

    fn progressed(&mut self, left: u32) {
        let done = self.left.saturating_sub(left);
        self.left -= done;
        let mut load = self.queue.load();
        load.rounds = load.rounds.saturating_sub(u64::from(done));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.progressed(0);
    }
}

impl Turn<'_> {
    /// Notes that only `left` rounds are left to do.
    pub(super) fn progressed(&mut self, left: u32) {
        self.place.progressed(left);
    }

    /// Notes how long it took, and lets the next one have their turn.
    pub(super) fn finished(self, clock: &impl Clock) {
        let time = self.since.until(clock.now());
        self.place.queue.load().pace.note(self.place.rounds, time);
    }
}

#[cfg(test)]
mod tests;
