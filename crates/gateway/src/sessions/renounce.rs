//! Changing what access tokens say of a user.

use crate::domain::UserId;
use crate::ports::{KeyValue, KeyValueError};
use crate::tokens::raise_epoch;

/// Does `act`, which changes what access tokens say of `user` (their roles, their address, that the account is open), and makes
/// all that were issued before worthless, everywhere within a second. Sessions go on: a refresh gives a token that says what
/// holds now.
///
/// The epoch is raised first, so that a store that is down refuses the act. And once more after it, whatever came of it: a token
/// that was issued in between may still say what held before. The act's own statement is to leave in the database when
/// it was, for `store::users::renounced_since`, by which epochs are restored where the store loses them.
pub async fn renounce<T, E: From<KeyValueError>>(
    store: &impl KeyValue,
    user: UserId,
    act: impl AsyncFnOnce() -> Result<T, E>,
) -> Result<T, E> {
    raise_epoch(store, user).await?;
    let done = act().await;
    let raised = raise_epoch(store, user).await;
    // What the act itself failed of is worth more than that the epoch could not be raised after it.
    let done = done?;
    raised?;
    Ok(done)
}
