//! Putting back what the key-value store has lost of the ends of sessions and the epochs of users.

use std::time::Duration;

use crate::Failure;
use crate::ports::{Clock, Database, KeyValue};
use crate::store::{Store, sessions, users};
use crate::tokens::{announce_sign_out, restore_epoch};

/// How much earlier than it took effect something may have been written down to have happened: the database may have been busy.
const SLACK: Duration = Duration::from_secs(30);

/// Announces once more what ended or changed while the tokens were issued that are still alive, where none lives longer than
/// `longest_token`. To be done before the keys are published again: until they are, every token is refused.
pub(super) async fn restore_revocations<D: Database>(
    store: &Store<D>,
    key_value: &impl KeyValue,
    clock: &impl Clock,
    longest_token: Duration,
) -> Result<(), Failure> {
    let now = clock.now();
    let since = now.before(longest_token).before(SLACK);
    for session in sessions::ended_since(store, since).await? {
        announce_sign_out(key_value, session, now.after(longest_token)).await?;
    }
    for user in users::renounced_since(store, since).await? {
        restore_epoch(key_value, user, now).await?;
    }
    Ok(())
}
