//! Telling the verifiers that sessions have ended.

use std::time::Duration;

use super::renounce;
use crate::domain::{SessionId, UserId};
use crate::ports::{Clock, KeyValue, KeyValueError, Timestamp};
use crate::tokens::announce_sign_out;

/// How much later than an announcement the last token of its session may be made: a statement may wait for the database meanwhile, and
/// a refresh that was first is still on its way.
const IN_FLIGHT: Duration = Duration::from_secs(120);

/// Announces the end of sessions in the key-value store, for as long as an access token of theirs may live.
#[derive(Debug)]
pub struct Announcer<'a, K, C> {
    store: &'a K,
    clock: &'a C,
    token_lifetime: Duration,
}

impl<'a, K: KeyValue, C: Clock> Announcer<'a, K, C> {
    /// An announcer where access tokens live for `token_lifetime`.
    pub fn new(store: &'a K, clock: &'a C, token_lifetime: Duration) -> Self {
        Self {
            store,
            clock,
            token_lifetime,
        }
    }

    /// Announces the end of each of `sessions`.
    pub(crate) async fn announce(&self, sessions: &[SessionId]) -> Result<(), KeyValueError> {
        let until = self.now().after(self.token_lifetime).after(IN_FLIGHT);
        for &session in sessions {
            announce_sign_out(self.store, session, until).await?;
        }
        Ok(())
    }

    /// Does `act` and makes every token of `user` worthless, as [`renounce`] does.
    pub(crate) async fn renounce<T, E: From<KeyValueError>>(
        &self,
        user: UserId,
        act: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        renounce(self.store, user, act).await
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &'a C {
        self.clock
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
