//! A user's epoch: a counter in the key-value store that whoever changes what tokens say of the user raises. A token is good
//! only while its epoch is the counter's.
//!
//! A counter never comes back to where it has been. One that the store has lost counts as 0, like one that never was; what that
//! would make good again is made worthless before the keys are published once more (see `sessions`).

use serde::{Deserialize, Serialize};

use crate::domain::UserId;
use crate::ports::{KeyValue, KeyValueError, Timestamp};
use crate::rate_limit::count_of;

/// Where epochs are kept.
pub const EPOCHS: &str = "epoch/";

/// How often what tokens say of a user has been changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

/// Where the epoch of `user` is kept.
pub fn epoch_key(user: UserId) -> String {
    format!("{EPOCHS}{user}")
}

/// The epoch of `user`. To be read before what the token is to say of the user: what changes in between makes the token
/// worthless, not wrong.
pub async fn epoch_of(store: &impl KeyValue, user: UserId) -> Result<Epoch, KeyValueError> {
    let value = store.get(&epoch_key(user)).await?;
    Epoch::of_stored(value.as_deref())
}

/// Makes worthless every token of `user` that there is.
pub(crate) async fn raise_epoch(store: &impl KeyValue, user: UserId) -> Result<(), KeyValueError> {
    store.increment(&epoch_key(user), 1).await.map(drop)
}

/// The same, where the store may have lost the counter: a number as great as the time in milliseconds is one at which it has
/// never been, however often it has been lost and however many do this at once.
pub(crate) async fn restore_epoch(
    store: &impl KeyValue,
    user: UserId,
    now: Timestamp,
) -> Result<(), KeyValueError> {
    let far = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    store.increment(&epoch_key(user), far).await.map(drop)
}

impl Epoch {
    /// The epoch that a stored counter stands for.
    pub(super) fn of_stored(value: Option<&[u8]>) -> Result<Self, KeyValueError> {
        let count = value.map_or(Some(0), count_of);
        count
            .map(Self)
            .ok_or_else(|| KeyValueError("an epoch holds no count".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{CountingEntropy, MemoryKeyValue, TestClock, block_on};

    #[test]
    fn an_epoch_is_raised_and_never_comes_back() {
        let store = MemoryKeyValue::default();
        let clock = TestClock::default();
        let user = UserId::generate(&clock, &CountingEntropy::default());
        let now = crate::ports::Clock::now(&clock);
        assert_eq!(block_on(epoch_of(&store, user)), Ok(Epoch(0)));
        block_on(raise_epoch(&store, user)).unwrap();
        block_on(raise_epoch(&store, user)).unwrap();
        assert_eq!(block_on(epoch_of(&store, user)), Ok(Epoch(2)));
        store.clear();
        block_on(restore_epoch(&store, user, now)).unwrap();
        assert!(block_on(epoch_of(&store, user)).unwrap() > Epoch(2));
    }

    #[test]
    fn what_is_no_counter_is_no_epoch() {
        assert_eq!(Epoch::of_stored(None), Ok(Epoch(0)));
        assert_eq!(Epoch::of_stored(Some(b"12")), Ok(Epoch(12)));
        assert!(Epoch::of_stored(Some(b"a long time ago")).is_err());
    }
}
