//! Clock and randomness.

use std::cell::RefCell;
use std::time::SystemTime;

use spin_sdk::wasip3::random::random::get_random_bytes;

use crate::ports::{Clock, Entropy, Timestamp};

/// The host's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// The host's cryptographic random numbers.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            // The host may give fewer bytes than it is asked for.
            let random = get_random_bytes(left.len() as u64);
            let (filled, rest) = left.split_at_mut(random.len().min(left.len()));
            filled.copy_from_slice(&random[..filled.len()]);
            left = rest;
        }
    }
}

/// The same for ids that anybody may see, of requests and of traces, fetched for many at a time. Not for secrets: these would lie
/// in memory before they are used.
#[derive(Clone, Copy, Debug)]
pub struct IdEntropy;

/// How many bytes are fetched at once: enough for a dozen requests.
const AT_ONCE: usize = 512;

thread_local! { static AHEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) }; }

impl Entropy for IdEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        AHEAD.with_borrow_mut(|ahead| {
            for byte in bytes {
                if ahead.is_empty() {
                    ahead.resize(AT_ONCE, 0);
                    SystemEntropy.fill(ahead);
                }
                *byte = ahead.pop().unwrap_or_default();
            }
        });
    }
}
