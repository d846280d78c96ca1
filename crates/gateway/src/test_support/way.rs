//! Giving way where nobody waits.

use crate::ports::GiveWay;

/// Goes on at once: a native thread gives way by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyWaits;

impl GiveWay for NobodyWaits {
    async fn give_way(&self) {}
}
