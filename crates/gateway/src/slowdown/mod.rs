//! Slow-down instead of lock-out: after a few failed sign-ins each further attempt has to come later than the one before it.
//!
//! Nobody is ever locked out, and nobody waits in here: an attempt that comes too early is refused, at the price of a look at
//! the key-value store. Failures are counted for each e-mail address, and more strictly for each pair of an address and a
//! client; those of a client that has signed in before are counted for itself alone, so that no stranger holds it up. Whether
//! the address has an account changes nothing. Whoever is signed in and says their password again is counted by session.
//!
//! An attempt is counted when it begins and given back when it was no failure. So of many that come at once only as many get
//! through as may fail, and one that is broken off in the middle has been counted.

mod attempt;
mod policy;
mod standing;
mod subject;

pub use attempt::Attempt;
pub use policy::{InvalidPolicy, Policy};
pub use subject::Who;

use self::attempt::take;
use self::standing::read;
use self::subject::{Subject, subjects};
use crate::devices::DeviceId;
use crate::domain::SessionId;
use crate::ports::{Clock, KeyValue, KeyValueError};

/// Who may try to sign in, and when.
#[derive(Debug)]
pub struct Slowdown<'a, K, C> {
    store: &'a K,
    clock: &'a C,
    policy: Option<&'a Policy>,
}

/// Why an attempt did not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Too many have failed lately.
    #[error("the next attempt may begin in {0} seconds")]
    TooEarly(u64),
    /// The failures could not be counted.
    #[error(transparent)]
    Failed(#[from] KeyValueError),
}

impl<'a, K: KeyValue, C: Clock> Slowdown<'a, K, C> {
    /// By this policy; where there is none, nobody is slowed down.
    pub fn new(store: &'a K, clock: &'a C, policy: Option<&'a Policy>) -> Self {
        Self { store, clock, policy }
    }

    /// Whether this device is still to be believed: one that goes on guessing is treated like a stranger.
    pub async fn trusts(&self, device: DeviceId) -> Result<bool, KeyValueError> {
        let Some(policy) = self.policy else {
            return Ok(true);
        };
        let subject = Subject::device(device, policy);
        let standings = read(self.store, policy, self.clock.now(), &[subject]).await?;
        Ok(standings
            .iter()
            .all(|standing| standing.failures() < policy.distrusted_from()))
    }

    /// Begins an attempt, or says when one may begin.
    pub async fn begin(&self, who: &Who<'_>) -> Result<Attempt<'a, K>, NotNow> {
        let Some(policy) = self.policy else {
            return Ok(Attempt::uncounted(self.store));
        };
        let subjects = subjects(who, policy);
        take(self.store, policy, self.clock, &subjects).await
    }

    /// Begins to check the password of whoever is signed in already and is to say it again, or says when it may be checked. Counted for
    /// the session alone: whoever has stolen its access token may not guess, and holds up none of its owner's other sessions.
    pub async fn begin_again(&self, session: SessionId) -> Result<Attempt<'a, K>, NotNow> {
        let Some(policy) = self.policy else {
            return Ok(Attempt::uncounted(self.store));
        };
        let subjects = [Subject::session(session, policy)];
        take(self.store, policy, self.clock, &subjects).await
    }
}

#[cfg(test)]
mod tests;
