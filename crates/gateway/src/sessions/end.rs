//! Ending sessions.

use super::Announcer;
use crate::Failure;
use crate::domain::{SessionId, UserId};
use crate::ports::{Clock, Database, KeyValue};
use crate::store::sessions::{EndReason, Which};
use crate::store::{Store, sessions};

/// Ends those of the user's sessions that are still open, for every instance, and tells which those were.
pub async fn end<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    user: UserId,
    which: Which,
    reason: EndReason,
) -> Result<Vec<SessionId>, Failure> {
    // Announced before it is done: where the announcement fails the sessions are still open, and the client can try
    // again; the other way round there would be nothing left to end, and access tokens that go on.
    let open = sessions::open_ids(store, user, which).await?;
    announcer.announce(&open).await?;
    let ended = sessions::end(store, user, which, reason, announcer.now()).await?;
    // And once more for those that started in between.
    let missed: Vec<_> = ended.into_iter().filter(|id| !open.contains(id)).collect();
    announcer.announce(&missed).await?;
    Ok([open, missed].concat())
}
