//! What one request of an instance does for all that come at the same moment: the others wait, and share what comes of it.
//!
//! An instance takes many requests at once, and its first ones would all read the same variables, fetch the same keys and
//! reserve permits from the same counter. Who waits looks again and again, because in a component one request does not wake
//! another by itself; a stream that ends would, and was measured to be no faster.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::ports::GiveWay;

/// How long who waits pauses before looking again: at first so, then twice as long each time, up to the second.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(16)];

/// Who has waited for this long takes the turn from whoever has it: a host may abandon a request in the middle, and then
/// nothing of it is dropped.
const ABANDONED: Duration = Duration::from_secs(10);

/// The right to do it.
#[derive(Debug, Default)]
pub struct OneAtATime(AtomicBool);

/// What comes of waiting.
#[derive(Debug)]
pub enum Outcome<'a, T> {
    /// It is there.
    Known(T),
    /// It is this request's turn to see to it.
    Mine(Turn<'a>),
}

/// The right to do it, for as long as it lives: also a request that goes away in the middle leaves it to the next.
#[derive(Debug)]
pub struct Turn<'a>(&'a AtomicBool);

impl OneAtATime {
    /// Nobody's turn.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Waits until `look` finds what is wanted, or until it is this request's turn to see to it.
    pub async fn wait<T>(&self, way: &impl GiveWay, mut look: impl FnMut() -> Option<T>) -> Outcome<'_, T> {
        let [mut pause, longest] = LOOK_AGAIN;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(known) = look() {
                return Outcome::Known(known);
            }
            if !self.0.swap(true, Ordering::Relaxed) || waited > ABANDONED {
                return Outcome::Mine(Turn(&self.0));
            }
            way.pause(pause).await;
            waited += pause;
            pause = (pause * 2).min(longest);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::test_support::block_on;

    /// Ends the turn of whoever has it, at the third pause.
    struct ThirdPause<'a>(Cell<Option<Turn<'a>>>, Cell<Vec<Duration>>);

    impl GiveWay for ThirdPause<'_> {
        async fn give_way(&self) {}

        async fn pause(&self, duration: Duration) {
            let mut pauses = self.1.take();
            pauses.push(duration);
            if pauses.len() == 3 {
                self.0.take();
            }
            self.1.set(pauses);
        }
    }

    #[test]
    fn who_waits_looks_ever_less_often_and_gets_the_turn_when_it_is_left() {
        let one = OneAtATime::new();
        let nobody = ThirdPause(Cell::new(None), Cell::default());
        let Outcome::Mine(turn) = block_on(one.wait(&nobody, || None::<()>)) else {
            panic!("nobody has the turn");
        };
        let way = ThirdPause(Cell::new(Some(turn)), Cell::default());
        assert!(matches!(
            block_on(one.wait(&way, || None::<()>)),
            Outcome::Mine(_)
        ));
        assert_eq!(way.1.take(), [1, 2, 4].map(Duration::from_millis));
    }

    #[test]
    fn a_turn_that_was_abandoned_is_taken_over() {
        let one = OneAtATime::new();
        let way = ThirdPause(Cell::new(None), Cell::default());
        let Outcome::Mine(_abandoned) = block_on(one.wait(&way, || None::<()>)) else {
            panic!("nobody has the turn");
        };
        assert!(matches!(
            block_on(one.wait(&way, || None::<()>)),
            Outcome::Mine(_)
        ));
        assert!(way.1.take().into_iter().sum::<Duration>() > ABANDONED);
    }

    #[test]
    fn what_is_there_is_not_waited_for() {
        let one = OneAtATime::new();
        let way = ThirdPause(Cell::new(None), Cell::default());
        assert!(matches!(block_on(one.wait(&way, || Some(7))), Outcome::Known(7)));
        assert!(way.1.take().is_empty());
    }
}
