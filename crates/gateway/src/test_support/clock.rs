//! A clock that shows what it is set to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::ports::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicU64);

impl Default for TestClock {
    /// 2026-01-02T03:04:05.678Z.
    fn default() -> Self {
        Self(AtomicU64::new(1_767_323_045_678))
    }
}

impl TestClock {
    /// A clock that stands at this second since the Unix epoch.
    pub fn at_secs(secs: u64) -> Self {
        Self(AtomicU64::new(secs * 1000))
    }

    /// Moves it to this second since the Unix epoch.
    pub fn set_secs(&self, secs: u64) {
        self.0.store(secs * 1000, Ordering::Relaxed);
    }

    /// Lets `duration` pass.
    pub fn advance(&self, duration: Duration) {
        self.0
            .store(self.now().after(duration).as_millis(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}
