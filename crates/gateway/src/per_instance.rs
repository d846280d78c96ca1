//! What an instance makes once and keeps for its later requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread::LocalKey;

use crate::one_at_a_time::{OneAtATime, Outcome};
use crate::ports::GiveWay;

/// How often an instance gives way before it makes the first thing.
///
/// A host hands requests to an instance that waits, and starts another one where it finds none. The first request has much to ask,
/// of a store perhaps that holds the instance until it answers; whoever comes meanwhile starts an instance of his own, which
/// has as much to ask. Instances that start together also end together, at the same number of requests, and so it goes on.
/// Those who come within these turns are taken in, and wait here for what the first one makes: half as many instances, and at
/// their starts half as many writes one behind another. Nobody is there in a calm hour, and the turns take microseconds.
const TURNS: usize = 14;

thread_local! { static HAS_GIVEN_WAY: Cell<bool> = const { Cell::new(false) }; }

/// A slot that is filled by the first request that needs it: configuration, an open store. It is lost with the instance,
/// so it only ever holds what can be made again.
///
/// ```
/// # use jetway_gateway::{per_instance::PerInstance, ports::GiveWay};
/// thread_local! { static SETTING: PerInstance<String> = const { PerInstance::new() }; }
/// # async fn read() -> Result<String, ()> { Ok("x".to_owned()) }
/// # async fn request(way: &impl GiveWay) -> Result<(), ()> {
/// let setting = PerInstance::get_or_try_init(&SETTING, way, read).await?;
/// # assert_eq!(*setting, "x"); Ok(()) }
/// ```
#[derive(Debug)]
pub struct PerInstance<T> {
    value: RefCell<Option<Rc<T>>>,
    // Shared, because it is held across awaits, and a reference into a thread's own storage cannot be.
    making: RefCell<Option<Rc<OneAtATime>>>,
}

impl<T> PerInstance<T> {
    /// An empty slot.
    pub const fn new() -> Self {
        Self {
            value: RefCell::new(None),
            making: RefCell::new(None),
        }
    }

    /// The value, made by `init` if it is not there yet. Requests that come before it is there wait for the one that makes it.
    /// A failure is not kept: the next one tries again.
    pub async fn get_or_try_init<E>(
        slot: &'static LocalKey<Self>,
        way: &impl GiveWay,
        init: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        let known = || slot.with(|slot| slot.value.borrow().clone());
        if let Some(value) = known() {
            return Ok(value);
        }
        let making = slot.with(|slot| slot.making.borrow_mut().get_or_insert_default().clone());
        match making.wait(way, known).await {
            Outcome::Known(value) => Ok(value),
            Outcome::Mine(_turn) => {
                if !HAS_GIVEN_WAY.replace(true) {
                    for _ in 0..TURNS {
                        way.give_way().await;
                    }
                }
                let made = Rc::new(init().await?);
                slot.with(|slot| *slot.value.borrow_mut() = Some(Rc::clone(&made)));
                Ok(made)
            }
        }
    }
}

impl<T> Default for PerInstance<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{NobodyWaits, Turns, block_on};

    thread_local! { static SLOT: PerInstance<u8> = const { PerInstance::new() }; }

    #[test]
    fn a_failure_is_not_kept_and_a_value_is() {
        let get = |result: Result<u8, &'static str>| {
            block_on(PerInstance::get_or_try_init(&SLOT, &NobodyWaits, async || result)).map(|value| *value)
        };
        assert_eq!(get(Err("no")), Err("no"));
        assert_eq!(get(Ok(1)), Ok(1));
        assert_eq!(get(Err("not asked")), Ok(1));
    }

    #[test]
    fn an_instance_gives_way_once_before_it_makes_anything() {
        thread_local! { static OTHER: PerInstance<usize> = const { PerInstance::new() }; }
        let turns = Turns::default();
        let make = |slot| {
            block_on(PerInstance::get_or_try_init(slot, &turns, async || {
                Ok::<_, ()>(turns.count())
            }))
        };
        let made: Vec<usize> = [make(&OTHER), make(&OTHER)].map(|made| *made.unwrap()).to_vec();
        assert_eq!(made, [TURNS, TURNS]);
        let later = block_on(PerInstance::get_or_try_init(&SLOT, &turns, async || {
            Ok::<_, ()>(7)
        }));
        assert_eq!((*later.unwrap(), turns.count()), (7, TURNS));
    }
}
