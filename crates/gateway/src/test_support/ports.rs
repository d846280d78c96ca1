//! The ports that go together.

use super::{CountingEntropy, MemoryKeyValue, TestClock, TestDatabase};
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
}

impl Ports for TestPorts {
    type Databases = TestDatabase;
    type KeyValue = MemoryKeyValue;
    type Clock = TestClock;
    type Entropy = CountingEntropy;

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
}
