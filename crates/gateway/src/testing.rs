//! What the tests of this crate share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::ports::{Clock, Entropy, KeyValue, KeyValueError, Timestamp, Variables};

/// A clock that shows what it is set to.
pub(crate) struct FixedClock(Cell<Timestamp>);

impl FixedClock {
    pub(crate) fn at_secs(secs: u64) -> Self {
        Self(Cell::new(Timestamp::from_millis(secs * 1000)))
    }

    pub(crate) fn set_secs(&self, secs: u64) {
        self.0.set(Timestamp::from_millis(secs * 1000));
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

/// A key-value store in memory, which can be made to fail.
#[derive(Default)]
pub(crate) struct MapKeyValue {
    entries: RefCell<BTreeMap<String, Vec<u8>>>,
    failing: Cell<bool>,
}

impl MapKeyValue {
    pub(crate) fn fail(&self) {
        self.failing.set(true);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.entries.borrow().keys().cloned().collect()
    }

    fn check(&self) -> Result<(), KeyValueError> {
        if self.failing.get() {
            Err(KeyValueError("out of order".to_owned()))
        } else {
            Ok(())
        }
    }
}

impl KeyValue for MapKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        self.check().map(|()| self.entries.borrow().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        self.check()
            .map(|()| drop(self.entries.borrow_mut().insert(key.to_owned(), value.to_vec())))
    }

    async fn delete(&self, key: &str) -> Result<(), KeyValueError> {
        self.check().map(|()| drop(self.entries.borrow_mut().remove(key)))
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        self.check()?;
        let mut entries = self.entries.borrow_mut();
        let bytes = entries.entry(key.to_owned()).or_insert_with(|| vec![0; 8]);
        let sum = i64::from_le_bytes(bytes.as_slice().try_into().unwrap()) + delta;
        *bytes = sum.to_le_bytes().to_vec();
        Ok(sum)
    }
}
