//! Tidying up the key-value store once the response is on its way.

use std::time::Duration;

use spin_sdk::wasip3::spawn;

use super::{SpinKeyValue, SpinWay, SystemClock};
use crate::log;
use crate::ports::Timestamp;
use crate::rate_limit::Sweep;

/// Sees to the sweep of this period, after the response, if this instance has not.
pub fn sweep_when_answered(sweep: &Sweep, now: Timestamp, period: Duration) {
    if sweep.is_due(now, period) {
        spawn(async move {
            if let Err(error) = Sweep::run(&SpinKeyValue, &SystemClock, &SpinWay, period).await {
                log::background("not_swept", &[("cause", &error.to_string())]);
            }
        });
    }
}
