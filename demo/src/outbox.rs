//! What a service has to tell another, kept in its order until the other has been told.
//!
//! Whoever puts something in does not wait: one task tells, and while that fails it tries again with growing pauses. What waits is
//! held in memory, so a restart forgets it, as it forgets the bookings.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How much may wait. What comes on top is lost, and said to be: a service must not run out of memory because another is away.
const CAPACITY: usize = 10_000;
/// The pause after the first try that fails; it doubles with each one after.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Who takes what waits.
pub(crate) trait Delivery: Send + 'static {
    /// What is told.
    type Item: Send + Sync + 'static;
    /// To whom, in the words of a log.
    const TO: &'static str;

    /// Tells it. An error means that it has to be told again.
    fn deliver(&mut self, item: &Self::Item) -> impl Future<Output = Result<(), String>> + Send;
}

/// Where things wait until they have been told.
pub(crate) struct Outbox<T> {
    waiting: mpsc::Sender<T>,
    to: &'static str,
}

impl<T: Send + Sync + 'static> Outbox<T> {
    /// An empty one, and the task that empties it. The task ends once the outbox is gone and nothing waits any more, or
    /// cannot be told.
    pub(crate) fn start<D: Delivery<Item = T>>(delivery: D) -> (Self, JoinHandle<()>) {
        let (waiting, receiver) = mpsc::channel(CAPACITY);
        let task = tokio::spawn(tell(receiver, delivery));
        (Self { waiting, to: D::TO }, task)
    }

    /// Has it told, after all that was put in before.
    pub(crate) fn put(&self, item: T) {
        if self.waiting.try_send(item).is_err() {
            eprintln!("Too much waits for {}: something is lost.", self.to);
        }
    }
}

async fn tell<D: Delivery>(mut waiting: mpsc::Receiver<D::Item>, mut delivery: D) {
    while let Some(item) = waiting.recv().await {
        let mut pause = FIRST_PAUSE;
        while let Err(reason) = delivery.deliver(&item).await {
            if waiting.is_closed() {
                return;
            }
            // Once is enough: the tries go on for as long as it takes.
            if pause == FIRST_PAUSE {
                eprintln!("{} cannot be told ({reason}); trying again until it can.", D::TO);
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Hears every second time only, and remembers what it heard.
    #[derive(Clone, Default)]
    struct HardOfHearing {
        heard: Arc<Mutex<Vec<u32>>>,
        asked: u32,
    }

    impl Delivery for HardOfHearing {
        type Item = u32;
        const TO: &'static str = "somebody";

        async fn deliver(&mut self, item: &u32) -> Result<(), String> {
            self.asked += 1;
            if self.asked % 2 == 1 {
                return Err("what?".to_owned());
            }
            self.heard.lock().unwrap().push(*item);
            Ok(())
        }
    }

    /// Hears nothing.
    struct Deaf;

    impl Delivery for Deaf {
        type Item = u32;
        const TO: &'static str = "somebody";

        async fn deliver(&mut self, _: &u32) -> Result<(), String> {
            Err("...".to_owned())
        }
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_told_again_and_in_its_order() {
        let somebody = HardOfHearing::default();
        let (outbox, task) = Outbox::start(somebody.clone());
        for item in 1..=3 {
            outbox.put(item);
        }
        while somebody.heard.lock().unwrap().len() < 3 {
            sleep(Duration::from_millis(10)).await;
        }
        drop(outbox);
        task.await.unwrap();
        assert_eq!(*somebody.heard.lock().unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_outbox_that_is_gone_does_not_wait_for_the_deaf() {
        let (outbox, task) = Outbox::start(Deaf);
        outbox.put(1);
        drop(outbox);
        tokio::time::timeout(Duration::from_secs(10), task)
            .await
            .expect("it ends")
            .unwrap();
    }

    #[tokio::test]
    async fn more_than_can_wait_holds_nobody_up() {
        let (outbox, _task) = Outbox::start(Deaf);
        for item in 0..20_000 {
            outbox.put(item);
        }
        assert!(outbox.waiting.capacity() <= 1);
    }
}
