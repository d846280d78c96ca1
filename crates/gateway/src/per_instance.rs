//! What an instance makes once and keeps for its later requests.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread::LocalKey;

/// A slot that is filled by the first request that needs it: configuration, an open store. It is lost with the instance,
/// so it only ever holds what can be made again.
///
/// ```
/// # use jetway_gateway::per_instance::PerInstance;
/// thread_local! { static SETTING: PerInstance<String> = const { PerInstance::new() }; }
/// # async fn read() -> Result<String, ()> { Ok("x".to_owned()) }
/// # async fn request() -> Result<(), ()> {
/// let setting = PerInstance::get_or_try_init(&SETTING, read).await?;
/// # assert_eq!(*setting, "x"); Ok(()) }
/// ```
#[derive(Debug)]
pub struct PerInstance<T>(RefCell<Option<Rc<T>>>);

impl<T> PerInstance<T> {
    /// An empty slot.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// The value, made by `init` if it is not there yet. A failure is not kept: the next request tries again. Two requests
    /// that come before the first value is there both make one, and the first one made stays.
    pub async fn get_or_try_init<E>(
        slot: &'static LocalKey<Self>,
        init: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        if let Some(value) = slot.with(|slot| slot.0.borrow().clone()) {
            return Ok(value);
        }
        let made = Rc::new(init().await?);
        Ok(slot.with(|slot| slot.0.borrow_mut().get_or_insert(made).clone()))
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
    use crate::test_support::block_on;

    thread_local! { static SLOT: PerInstance<u8> = const { PerInstance::new() }; }

    #[test]
    fn a_failure_is_not_kept_and_a_value_is() {
        let get = |result: Result<u8, &'static str>| {
            block_on(PerInstance::get_or_try_init(&SLOT, async || result)).map(|value| *value)
        };
        assert_eq!(get(Err("no")), Err("no"));
        assert_eq!(get(Ok(1)), Ok(1));
        assert_eq!(get(Err("not asked")), Ok(1));
    }
}
