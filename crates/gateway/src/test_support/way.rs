//! Giving way where nobody waits.

use std::cell::Cell;
use std::time::Duration;

use crate::ports::GiveWay;

/// Goes on at once: a native thread gives way by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyWaits;

impl GiveWay for NobodyWaits {
    async fn give_way(&self) {}

    async fn pause(&self, _: Duration) {}
}

/// Goes on at once too, and counts how often it was given way.
#[derive(Debug, Default)]
pub struct Turns(Cell<usize>);

impl Turns {
    /// How often.
    pub fn count(&self) -> usize {
        self.0.get()
    }
}

impl GiveWay for Turns {
    async fn give_way(&self) {
        self.0.set(self.0.get() + 1);
    }

    async fn pause(&self, _: Duration) {}
}
