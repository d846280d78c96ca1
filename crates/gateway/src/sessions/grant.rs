//! What a client gets for signing in or refreshing.

use super::{OutdatedHash, Sessions, keys};
use crate::Failure;
use crate::domain::{AuthMethod, Authentication, RefreshToken, User, UserId};
use crate::ports::{Clock, Database, Entropy, KeyValue};
use crate::store::users;
use crate::tokens::{AccessToken, epoch_of};

/// A pair of tokens, and whose they are.
#[derive(Debug)]
pub struct Grant {
    /// For every request, for a short time.
    pub access_token: AccessToken,
    /// For the next pair, once.
    pub refresh_token: RefreshToken,
    /// Whose they are.
    pub user: User,
    /// How they have shown who they are.
    pub methods: Vec<AuthMethod>,
    /// What is to be upgraded once the answer is on its way: the password's hash, where it is of an old form.
    pub outdated: Option<OutdatedHash>,
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
    /// An access token that says of the user what holds now, and the user as of now; `None` where there is no such user.
    pub(super) async fn access_token(
        &self,
        user: UserId,
        authentication: &Authentication,
    ) -> Result<Option<(AccessToken, User)>, Failure> {
        // Before the epoch is read: where the store has lost everything, this restores epochs too.
        let keys = keys::signing_keys(
            self.store,
            self.key_value,
            self.keys,
            self.clock,
            self.entropy,
            self.rotation,
        )
        .await?;
        // In this order: whoever changes the user raises the epoch after it, and so a token of this epoch that says what was
        // before is worthless.
        let epoch = epoch_of(self.key_value, user).await?;
        let Some(user) = users::find(self.store, user).await? else {
            return Ok(None);
        };
        let key = &keys.access_tokens;
        let token = self
            .issuer
            .issue(key, &user, authentication, epoch, self.clock, self.entropy)?;
        Ok(Some((token, user)))
    }
}
