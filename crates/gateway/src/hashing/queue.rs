//! The queue of an instance's hashes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::pace::Pace;
use crate::domain::{Bcrypt, PasswordHash};
use crate::locked::locked;
use crate::ports::{Clock, GiveWay, Timestamp};

/// Nobody is let in who would have to wait for longer until their own hash begins.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often one looks at least whether one's hash is there, and at most.
///
/// Nobody is woken, everybody looks: in a component, one request cannot wake another. (The SDK's runtime panics at it; with
/// the feature that allows it, Wasmtime 48 traps.)
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(25)];

/// Whoever computes gives a sign of life after each round. A host may abandon a request in the middle, and then nothing of it is
/// dropped: without a sign for as long, another one computes.
const ABANDONED: Duration = Duration::from_secs(1);

/// The hashes that an instance has to do: one for an instance, as a `static`.
///
/// The first few in the order in which they came are computed, by one of the requests that want them, for all of them; the
/// others wait. Whoever goes away, before or in the middle, leaves their place to the next.
#[derive(Debug)]
pub struct HashingQueue(Mutex<Line>);

/// The queue would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hashes that take {wait:?} are waiting already")]
pub struct TooBusy {
    /// How long it would take until the hash began.
    pub wait: Duration,
}

#[derive(Debug)]
struct Line {
    tickets: VecDeque<Ticket>,
    next_number: u64,
    worker: Option<Worker>,
    pace: Pace,
}

/// A hash that somebody waits for.
#[derive(Debug)]
struct Ticket {
    number: u64,
    bcrypt: Bcrypt,
    rounds: u32,
    began_at: Option<Timestamp>,
}

/// The one who computes, for all.
#[derive(Debug)]
struct Worker {
    number: u64,
    seen_at: Timestamp,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct Place<'a> {
    queue: &'a HashingQueue,
    number: u64,
}

/// What is to be done next by who has a place.
#[derive(Debug)]
enum Next {
    /// Nothing, the hash is there.
    Take(PasswordHash),
    /// A round has been computed: let others go first, then the next.
    GiveWay,
    /// Somebody else computes: look again after as long.
    Wait(Duration),
}

impl HashingQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        Self(Mutex::new(Line {
            tickets: VecDeque::new(),
            next_number: 0,
            worker: None,
            pace: Pace::new(),
        }))
    }

    /// A place for the hash that `begin` begins, or the refusal of one. What decides is the work of those who are there already: a
    /// hash of one's own that takes long, or an address that nobody has, changes nothing.
    pub(super) fn enter(&self, begin: impl FnOnce() -> Bcrypt) -> Result<Place<'_>, TooBusy> {
        let mut line = self.line();
        let wait = line.pace.estimate(line.rounds_until_free(u64::MAX));
        if wait > LONGEST_WAIT {
            return Err(TooBusy { wait });
        }
        let number = line.next_number;
        line.next_number += 1;
        let bcrypt = begin();
        line.tickets.push_back(Ticket {
            number,
            rounds: bcrypt.rounds_left(),
            bcrypt,
            began_at: None,
        });
        Ok(Place { queue: self, number })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        locked(&self.0)
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
    /// Computes a round of the first hashes.
    fn advance(&mut self, clock: &impl Clock) {
        let now = clock.now();
        let unfinished = self.tickets.iter_mut().filter(|ticket| !ticket.is_done());
        let mut lanes: Vec<_> = unfinished.take(Bcrypt::LANES).collect();
        for ticket in &mut lanes {
            ticket.began_at.get_or_insert(now);
        }
        Bcrypt::advance(lanes.iter_mut().map(|ticket| &mut ticket.bcrypt));
        let now = clock.now();
        for done in lanes.iter().filter(|ticket| ticket.is_done()) {
            let began_at = done.began_at.unwrap_or(now);
            self.pace.note(done.rounds, began_at.until(now));
        }
    }

    /// Whether it falls to `number` to compute.
    fn is_worker(&self, number: u64, now: Timestamp) -> bool {
        let busy = |worker: &Worker| worker.number != number && now < worker.seen_at.after(ABANDONED);
        !self.worker.as_ref().is_some_and(busy)
    }

    /// How many rounds it takes until there is room for one more, behind all before `number`.
    fn rounds_until_free(&self, number: u64) -> u64 {
        let mut lanes = [0; Bcrypt::LANES];
        for ticket in self.tickets.iter().take_while(|ticket| ticket.number < number) {
            if let Some(first_free) = lanes.iter_mut().min() {
                *first_free += u64::from(ticket.bcrypt.rounds_left());
            }
        }
        lanes.into_iter().min().unwrap_or_default()
    }

    /// How long it takes until the hash of `number` is there.
    fn time_until_done(&self, number: u64) -> Duration {
        let own = self
            .ticket(number)
            .map_or(0, |ticket| ticket.bcrypt.rounds_left());
        self.pace
            .estimate(self.rounds_until_free(number) + u64::from(own))
    }

    fn ticket(&self, number: u64) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.number == number)
    }
}

impl Ticket {
    fn is_done(&self) -> bool {
        self.bcrypt.rounds_left() == 0
    }
}

impl Place<'_> {
    /// The hash.
    pub(super) async fn compute(self, clock: &impl Clock, way: &impl GiveWay) -> PasswordHash {
        loop {
            match self.next(clock) {
                Next::Take(hash) => return hash,
                Next::GiveWay => way.give_way().await,
                Next::Wait(pause) => way.pause(pause).await,
            }
        }
    }

    fn next(&self, clock: &impl Clock) -> Next {
        let mut line = self.queue.line();
        if let Some(hash) = line.ticket(self.number).and_then(|ticket| ticket.bcrypt.hash()) {
            return Next::Take(hash);
        }
        let now = clock.now();
        if line.is_worker(self.number, now) {
            line.advance(clock);
            line.worker = Some(Worker {
                number: self.number,
                seen_at: clock.now(),
            });
            return Next::GiveWay;
        }
        // Soon enough for one's own hash, and for the work to go on when the one who does it has got theirs.
        let worker = line.worker.as_ref().map_or(self.number, |worker| worker.number);
        let until = line
            .time_until_done(self.number)
            .min(line.time_until_done(worker));
        let [least, most] = LOOK_AGAIN;
        Next::Wait((until / 2).clamp(least, most))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.queue.line();
        line.tickets.retain(|ticket| ticket.number != self.number);
        line.worker.take_if(|worker| worker.number == self.number);
    }
}

#[cfg(test)]
mod tests;
