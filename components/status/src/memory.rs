//! What the last round of questions found. Whoever asks within a second of it gets the same answer, and of those who come while nothing
//! is known one asks for all: however many want to know, the components are asked once a second by each instance.

use std::cell::RefCell;

use jetway_gateway::one_at_a_time::{OneAtATime, Outcome};
use jetway_gateway::ports::{Clock, GiveWay, Timestamp};

use crate::handler::Findings;

/// How old, in milliseconds, an answer may be.
const MAX_AGE: u64 = 1000;

/// The last answer, and who sees to the next one.
#[derive(Debug, Default)]
pub struct Memory {
    last: RefCell<Option<(Timestamp, Findings)>>,
    asking: OneAtATime,
}

impl Memory {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            last: RefCell::new(None),
            asking: OneAtATime::new(),
        }
    }

    /// What is known, or what `ask` finds out.
    pub async fn get(
        &self,
        clock: &impl Clock,
        way: &impl GiveWay,
        ask: impl AsyncFnOnce() -> Findings,
    ) -> Findings {
        let asked_at = clock.now();
        let known = || {
            let last = self.last.borrow();
            let (at, findings) = last.as_ref()?;
            // One that was found out since is as good, and a clock that was put back makes none good for ever.
            let age = asked_at.as_millis().abs_diff(at.as_millis());
            (*at >= asked_at || age < MAX_AGE).then(|| findings.clone())
        };
        match self.asking.wait(way, known).await {
            Outcome::Known(findings) => findings,
            Outcome::Mine(_turn) => {
                let findings = ask().await;
                *self.last.borrow_mut() = Some((clock.now(), findings.clone()));
                findings
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use jetway_gateway::test_support::{NobodyWaits, TestClock, block_on};

    use super::*;

    #[test]
    fn an_answer_is_good_for_a_second() {
        let (memory, clock, asked) = (Memory::new(), TestClock::at_secs(100), Cell::new(0));
        let get = || {
            block_on(memory.get(&clock, &NobodyWaits, async || {
                asked.set(asked.get() + 1);
                Findings::default()
            }));
            asked.get()
        };
        assert_eq!([get(), get()], [1, 1]);
        clock.advance(Duration::from_millis(999));
        assert_eq!(get(), 1);
        clock.advance(Duration::from_millis(1));
        assert_eq!([get(), get()], [2, 2]);
    }
}
