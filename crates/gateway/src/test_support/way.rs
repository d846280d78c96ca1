//! Giving way where nobody waits.

use std::time::Duration;

use crate::ports::GiveWay;

/// Goes on at once: a native thread gives way by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyWaits;

impl GiveWay for NobodyWaits {
    async fn give_way(&self) {}

    async fn pause(&self, _: Duration) {}
}
