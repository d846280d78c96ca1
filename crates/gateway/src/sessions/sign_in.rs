//! Signing in.

use std::time::Duration;

use super::{Client, Grant, Sessions};
use crate::Failure;
use crate::domain::{EmailAddress, Password, PasswordHash, RefreshToken, SessionId, User};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::store::sessions::NewSession;
use crate::store::{Rule, StoreError, sessions, users};

/// How long a session lasts at most, however often it is refreshed.
const LONGEST_SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Who claims to be signing in.
#[derive(Debug)]
pub struct Credentials {
    /// The address.
    pub email: EmailAddress,
    /// The password; `None` where what was given can be nobody's.
    pub password: Option<Password>,
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The address is nobody's, or the password is another. Which of the two is told to nobody.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for SignInError {
    fn from(error: E) -> Self {
        match error.into() {
            // The password was changed while this one was being checked, or the account disabled.
            Failure::Store(StoreError::Refused(Rule::CredentialsChanged)) => Self::InvalidCredentials,
            other => Self::Failed(other),
        }
    }
}

impl<D: Database, K: KeyValue, C: Clock, E: Entropy> Sessions<'_, D, K, C, E> {
    /// Signs in whoever knows the password.
    pub async fn sign_in(
        &self,
        credentials: Credentials,
        client: &Client,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<Grant, SignInError> {
        let (user, verified) = self.authenticate(credentials, hasher).await?;
        let refresh_token = RefreshToken::generate(self.entropy);
        let now = self.clock.now();
        let id = SessionId::generate(self.clock, self.entropy);
        // Before the session is there: a failure to publish the key leaves nothing behind.
        let access_token = self.access_token(&user, id).await?;
        let session = NewSession {
            id,
            user: user.id,
            verified: &verified,
            refresh_token: &refresh_token.hash(),
            client_address: client.address.as_deref(),
            user_agent: client.user_agent.as_deref(),
            started_at: now,
            expires_at: now.after(self.refresh_lifetime),
            ends_at: now.after(LONGEST_SESSION),
            known_device: client.is_known,
            require_verified: self.require_verified_email,
        };
        sessions::start(self.store, &session).await?;
        Ok(Grant {
            access_token,
            refresh_token,
            user,
        })
    }

    /// The user whose credentials these are, and the hash that says so. The same work is done whatever comes of it: one
    /// statement, and a hash of the same number of rounds. Whether there is such a user, whether they may sign in, how old their
    /// hash is, and whether what was given could be a password at all, make no difference; and so the same queue is met.
    async fn authenticate(
        &self,
        credentials: Credentials,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<(User, PasswordHash), SignInError> {
        let found = users::to_check(self.store, &credentials.email, self.require_verified_email).await?;
        let is_password = credentials.password.is_some();
        let password = credentials.password.unwrap_or_else(Password::placeholder);
        let is_hash = found.hash.is_some();
        let hash = found.hash.unwrap_or_else(|| hasher.hash_of_nobody());
        let matches = hasher.verify_evenly(&hash, &password, found.highest_cost).await?;
        let is_right = matches & is_hash & is_password & found.may_sign_in;
        let user = found.user.filter(|_| is_right);
        user.map(|user| (user, hash))
            .ok_or(SignInError::InvalidCredentials)
    }
}
