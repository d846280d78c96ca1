//! What the tests of this crate share.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::ports::{Clock, Entropy, Timestamp, Variables};

/// A clock that shows what it is set to.
pub(crate) struct FixedClock(Cell<Timestamp>);

impl FixedClock {
    pub(crate) fn at_secs(secs: u64) -> Self {
        Self(Cell::new(Timestamp::from_millis(secs * 1000)))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0.get()
    }
}

/// Randomness that is none: the same byte always.
pub(crate) struct FixedEntropy(pub(crate) u8);

impl Entropy for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// Runs a future whose every await is ready at once, as those over the doubles here are.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something that no test double provides"),
    }
}

/// Variables from a list.
pub(crate) struct MapVariables(Vec<(String, String)>);

impl MapVariables {
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self(
            variables
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        )
    }
}

impl Variables for MapVariables {
    async fn get(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}
