//! Giving way to the other requests of this instance, and through the host to everybody else's.

use std::time::Duration;

use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::wit_bindgen;

use crate::ports::GiveWay;

/// The component model's yield, and the host's timer.
#[derive(Clone, Copy, Debug)]
pub struct SpinWay;

impl GiveWay for SpinWay {
    async fn give_way(&self) {
        wit_bindgen::yield_async().await;
    }

    async fn pause(&self, duration: Duration) {
        monotonic_clock::wait_for(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).await;
    }
}
