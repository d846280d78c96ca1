//! What a client gets for signing in or refreshing.

use super::{Sessions, keys};
use crate::Failure;
use crate::domain::{RefreshToken, SessionId, User};
use crate::ports::{Clock, Database, Entropy, KeyValue};
use crate::tokens::AccessToken;

/// A pair of tokens, and whose they are.
#[derive(Debug)]
pub struct Grant {
    /// For every request, for a short time.
    pub access_token: AccessToken,
    /// For the next pair, once.
    pub refresh_token: RefreshToken,
    /// Whose they are.
    pub user: User,
}

/// What is kept of a client for the user to recognise it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Where it was.
    pub address: Option<String>,
    /// What it called itself.
    pub user_agent: Option<String>,
    /// Whether it has signed in with this address before.
    pub is_known: bool,
}

impl<D: Database, K: KeyValue, C: Clock, E: Entropy> Sessions<'_, D, K, C, E> {
    pub(super) async fn access_token(&self, user: &User, session: SessionId) -> Result<AccessToken, Failure> {
        let keys = keys::signing_keys(
            self.store,
            self.key_value,
            self.keys,
            self.clock,
            self.entropy,
            self.rotation,
        )
        .await?;
        let key = &keys.access_tokens;
        Ok(self.issuer.issue(key, user, session, self.clock, self.entropy)?)
    }
}
