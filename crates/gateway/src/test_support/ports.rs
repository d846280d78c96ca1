//! The ports that go together.

use super::{CountingEntropy, MemoryKeyValue, NobodyWaits, TestClock, TestDatabase};
use crate::domain::{BcryptCost, Peppers};
use crate::hashing::{self, Hasher, HashingQueue};
use crate::ports::Ports;

/// One gateway's ports.
#[derive(Debug, Default)]
pub struct TestPorts {
    /// A real SQLite file.
    pub databases: TestDatabase,
    /// A key-value store in memory.
    pub key_value: MemoryKeyValue,
    /// A clock that stands still.
    pub clock: TestClock,
    /// Randomness.
    pub entropy: CountingEntropy,
    /// No way to give.
    pub way: NobodyWaits,
}

impl TestPorts {
    /// A hasher of the cheapest hashes, without a pepper, as an instance of its own has it.
    pub fn hasher(&self) -> Hasher<'_, Self> {
        self.hasher_with(hashing::Settings {
            cost: BcryptCost::CHEAPEST,
            peppers: Peppers::none(),
        })
    }

    /// A hasher by these settings, as an instance of its own has it.
    pub fn hasher_with(&self, settings: hashing::Settings) -> Hasher<'_, Self> {
        // A test's few bytes: both are an instance's own.
        let queue = Box::leak(Box::new(HashingQueue::new()));
        Hasher::new(self, queue, Box::leak(Box::new(settings)))
    }
}

impl Ports for TestPorts {
    type Databases = TestDatabase;
    type KeyValue = MemoryKeyValue;
    type Clock = TestClock;
    type Entropy = CountingEntropy;
    type Way = NobodyWaits;

    fn databases(&self) -> &TestDatabase {
        &self.databases
    }

    fn key_value(&self) -> &MemoryKeyValue {
        &self.key_value
    }

    fn clock(&self) -> &TestClock {
        &self.clock
    }

    fn entropy(&self) -> &CountingEntropy {
        &self.entropy
    }

    fn way(&self) -> &NobodyWaits {
        &self.way
    }
}
