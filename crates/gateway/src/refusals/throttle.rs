//! How many lines a flood may cause.

use std::sync::Mutex;

use crate::http::Code;
use crate::locked::locked;
use crate::ports::Timestamp;

/// The least time between two lines of one code, in milliseconds.
const PAUSE: u64 = 1000;

/// When this instance wrote last, for each code. An instance lives for some hundred requests, so a flood causes one line for each
/// hundred requests or one a second, whichever is more.
#[derive(Debug)]
pub(super) struct Throttle(Mutex<[Slot; Code::ALL.len()]>);

#[derive(Clone, Copy, Debug)]
struct Slot {
    written: Option<Timestamp>,
    left_out: u64,
}

impl Throttle {
    pub(super) const fn new() -> Self {
        let slot = Slot {
            written: None,
            left_out: 0,
        };
        Self(Mutex::new([slot; Code::ALL.len()]))
    }

    /// Whether there is to be a line, and then how many there were not since the last one.
    pub(super) fn admit(&self, code: Code, now: Timestamp) -> Option<u64> {
        let mut slots = locked(&self.0);
        let slot = &mut slots[code as usize];
        let since = |written: Timestamp| now.as_millis().checked_sub(written.as_millis());
        // A clock that was put back ends the pause.
        if slot.written.and_then(since).is_some_and(|since| since < PAUSE) {
            slot.left_out = slot.left_out.saturating_add(1);
            return None;
        }
        slot.written = Some(now);
        Some(std::mem::take(&mut slot.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_of_each_code_is_written_and_the_others_are_counted() {
        let throttle = Throttle::new();
        let at = Timestamp::from_millis;
        assert_eq!(throttle.admit(Code::RateLimited, at(5000)), Some(0));
        assert_eq!(throttle.admit(Code::RateLimited, at(5000)), None);
        assert_eq!(throttle.admit(Code::RateLimited, at(5999)), None);
        assert_eq!(throttle.admit(Code::Forbidden, at(5999)), Some(0));
        assert_eq!(throttle.admit(Code::RateLimited, at(6000)), Some(2));
        assert_eq!(throttle.admit(Code::RateLimited, at(7000)), Some(0));
    }

    #[test]
    fn a_clock_that_is_put_back_silences_nobody() {
        let throttle = Throttle::new();
        let at = Timestamp::from_millis;
        assert_eq!(throttle.admit(Code::Forbidden, at(9000)), Some(0));
        assert_eq!(throttle.admit(Code::Forbidden, at(1000)), Some(0));
    }
}
