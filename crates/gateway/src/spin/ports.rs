//! The ports that go together.

use super::{SpinDatabases, SpinKeyValue, SpinWay, SystemClock, SystemEntropy};
use crate::ports::Ports;

/// The ports of a component that knows users, on Spin.
#[derive(Clone, Copy, Debug)]
pub struct SpinPorts;

impl Ports for SpinPorts {
    type Databases = SpinDatabases;
    type KeyValue = SpinKeyValue;
    type Clock = SystemClock;
    type Entropy = SystemEntropy;
    type Way = SpinWay;

    fn databases(&self) -> &SpinDatabases {
        &SpinDatabases
    }

    fn key_value(&self) -> &SpinKeyValue {
        &SpinKeyValue
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn entropy(&self) -> &SystemEntropy {
        &SystemEntropy
    }

    fn way(&self) -> &SpinWay {
        &SpinWay
    }
}
