//! Waiting for something no longer than so long.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::ports::GiveWay;

/// What comes of `work`, or nothing if that takes longer than `limit`; then the work is let go. What is there at once costs no
/// timer.
pub async fn within<T>(limit: Duration, way: &impl GiveWay, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(way.pause(limit))).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(((), _)) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};

    use super::*;
    use crate::test_support::block_on;

    /// Notes which timers were started, all of which end at once.
    #[derive(Default)]
    struct Timers(Cell<Option<Duration>>);

    impl GiveWay for Timers {
        async fn give_way(&self) {}

        async fn pause(&self, duration: Duration) {
            self.0.set(Some(duration));
        }
    }

    const LIMIT: Duration = Duration::from_secs(3);

    #[test]
    fn what_hangs_is_given_up() {
        let timers = Timers::default();
        assert_eq!(block_on(within(LIMIT, &timers, pending::<()>())), None);
        assert_eq!(timers.0.get(), Some(LIMIT));
    }

    #[test]
    fn what_is_there_at_once_starts_no_timer() {
        let timers = Timers::default();
        assert_eq!(block_on(within(LIMIT, &timers, ready(7))), Some(7));
        assert_eq!(timers.0.get(), None);
    }
}
