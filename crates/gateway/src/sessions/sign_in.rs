//! Signing in.

use super::{Client, Grant, Sessions};
use crate::Failure;
use crate::domain::{EmailAddress, Password, PasswordHash, RefreshToken, SessionId, User};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::store::sessions::NewSession;
use crate::store::{Rule, Store, StoreError, sessions, users};

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
            // The password was changed while this one was being checked.
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
        let (user, verified) = authenticate(self.store, credentials, hasher).await?;
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
        };
        sessions::start(self.store, &session).await?;
        Ok(Grant {
            access_token,
            refresh_token,
            user,
        })
    }
}

/// The user whose credentials these are, and the hash that says so. The same work is done whether or not there is such
/// a user, and whether or not what was given could be a password at all; and so the same queue is met.
async fn authenticate<D: Database>(
    store: &Store<D>,
    credentials: Credentials,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<(User, PasswordHash), SignInError> {
    let found = users::find_with_hash(store, &credentials.email).await?;
    let nobody = hasher.hash_of_nobody();
    let hash = found.as_ref().map_or(&nobody, |(_, hash)| hash);
    let right = match &credentials.password {
        Some(password) => hasher.verify(hash, password).await?,
        None => hasher
            .verify(hash, &Password::placeholder())
            .await
            .map(|_| false)?,
    };
    found.filter(|_| right).ok_or(SignInError::InvalidCredentials)
}
