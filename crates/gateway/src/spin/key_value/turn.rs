//! Whose turn it is with the store, within this instance.
//!
//! Spin's SQLite store is locked for as long as its keys are read one by one, and a call that comes meanwhile waits for the lock on the
//! thread that this instance runs on: of one and the same instance it would wait for ever. So whoever reads keys does it alone.

use std::cell::Cell;
use std::time::Duration;

use crate::ports::GiveWay as _;
use crate::spin::SpinWay;

/// How long somebody waits until they look again.
const PAUSE: Duration = Duration::from_millis(1);

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static IS_READ: Cell<bool> = const { Cell::new(false) };
}

/// A call, or several, while nobody reads keys. Not to be held while another one is begun.
#[derive(Debug)]
pub(super) struct Turn(());

impl Turn {
    /// Begins, as soon as nobody reads keys.
    pub(super) async fn begin() -> Self {
        while IS_READ.get() {
            SpinWay.pause(PAUSE).await;
        }
        CALLS.set(CALLS.get() + 1);
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        CALLS.set(CALLS.get() - 1);
    }
}

/// The store alone, to read its keys.
#[derive(Debug)]
pub(super) struct Alone(());

impl Alone {
    /// Begins when the calls under way are over; those that come later wait. `None` where somebody reads keys already.
    pub(super) async fn begin() -> Option<Self> {
        if IS_READ.replace(true) {
            return None;
        }
        let alone = Self(());
        while CALLS.get() > 0 {
            SpinWay.pause(PAUSE).await;
        }
        Some(alone)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        IS_READ.set(false);
    }
}
