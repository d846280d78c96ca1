//! Signing in.

use super::{Client, Grant, OutdatedHash, Sessions};
use crate::Failure;
use crate::domain::{
    AuthMethod, Authentication, EmailAddress, Password, PasswordHash, RefreshToken, SessionId, User, UserId,
};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::second_factor::{self, Given, SecondFactorError};
use crate::store::second_factor::Proof;
use crate::store::sessions::NewSession;
use crate::store::{Rule, StoreError, sessions, signin_codes, users};

/// Who claims to be signing in.
#[derive(Debug)]
pub struct Credentials {
    /// The address.
    pub email: EmailAddress,
    /// The password; `None` where what was given can be nobody's.
    pub password: Option<Password>,
    /// What proves the second factor, where it was given.
    pub second_factor: Option<Given>,
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The address is nobody's, or the password is another. Which of the two is told to nobody.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The password is right, and the second factor is needed besides.
    #[error("the second factor is needed")]
    SecondFactorRequired,
    /// The password is right, and the second factor proved nothing.
    #[error(transparent)]
    SecondFactor(SecondFactorError),
    /// The password is right, and so is the second factor, where there is one; the address has to be verified, and is not.
    #[error("the e-mail address is not verified")]
    EmailNotVerified,
    /// The code of a mail is another, of another browser, used or expired.
    #[error("the code of the mail is wrong")]
    WrongCode,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for SignInError {
    fn from(error: E) -> Self {
        match error.into() {
            // The password was changed while this one was being checked, or the account disabled.
            Failure::Store(StoreError::Refused(Rule::CredentialsChanged)) => Self::InvalidCredentials,
            Failure::Store(StoreError::Refused(Rule::SecondFactorRequired)) => Self::SecondFactorRequired,
            Failure::Store(StoreError::Refused(Rule::EmailNotVerified)) => Self::EmailNotVerified,
            // Another request used it first, or the account is not what it was.
            Failure::Store(StoreError::Refused(Rule::SigninCodeDead)) => Self::WrongCode,
            // Another request used the code first.
            Failure::Store(StoreError::Refused(Rule::SecondFactorRefused)) => {
                Self::SecondFactor(SecondFactorError::Refused)
            }
            other => Self::Failed(other),
        }
    }
}

/// Nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotSignedIn {
    /// Why not.
    pub why: SignInError,
    /// Whose address it is, if it is anybody's. For the log alone: whoever tries must not learn of it.
    pub user: Option<UserId>,
}

impl<E: Into<SignInError>> From<E> for NotSignedIn {
    fn from(error: E) -> Self {
        Self {
            why: error.into(),
            user: None,
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
    ) -> Result<Grant, NotSignedIn> {
        let mut signed_in = self.try_sign_in(&credentials, client, hasher).await?;
        if signed_in.is_none() {
            // The hash is another now. If that was only its upgrade, by a sign-in at the same time, the password still matches.
            signed_in = self.try_sign_in(&credentials, client, hasher).await?;
        }
        let (mut grant, hash) = signed_in.ok_or(SignInError::InvalidCredentials)?;
        let user = grant.user.id;
        let password = credentials.password.filter(|_| hasher.is_outdated(&hash));
        grant.outdated = password.map(|password| OutdatedHash::new(user, hash, password));
        Ok(grant)
    }

    /// What was granted, and the hash that the password matched; nothing, if the user has had another hash since.
    async fn try_sign_in(
        &self,
        credentials: &Credentials,
        client: &Client,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<Option<(Grant, PasswordHash)>, NotSignedIn> {
        let (user, verified, is_verified) = self.authenticate(credentials, hasher).await?;
        let of_user = |why| NotSignedIn {
            why,
            user: Some(user.id),
        };
        if self.require_verified_email && !is_verified {
            self.refuse_unverified(&user, &verified, credentials)
                .await
                .map_err(of_user)?;
        }
        let grant = self
            .start(&user, &verified, credentials, client)
            .await
            .map_err(of_user)?;
        Ok(grant.map(|grant| (grant, verified)))
    }

    /// Tells whoever knows the password what is missing: what they would be told for a verified address, first.
    async fn refuse_unverified(
        &self,
        user: &User,
        verified: &PasswordHash,
        credentials: &Credentials,
    ) -> Result<(), SignInError> {
        let proof = self.prove(user.id, credentials.second_factor.as_ref()).await?;
        Ok(signin_codes::refuse_unverified(self.store, user.id, verified, proof.as_ref()).await?)
    }

    /// Starts a session of a user whose password is right; nothing, if `verified` is no longer their hash.
    async fn start(
        &self,
        user: &User,
        verified: &PasswordHash,
        credentials: &Credentials,
        client: &Client,
    ) -> Result<Option<Grant>, SignInError> {
        let proof = self.prove(user.id, credentials.second_factor.as_ref()).await?;
        let refresh_token = RefreshToken::generate(self.entropy);
        let now = self.clock.now();
        let id = SessionId::generate(self.clock, self.entropy);
        let methods = match &proof {
            Some(_) => AuthMethod::TWO_FACTORS,
            None => AuthMethod::PASSWORD,
        };
        let authentication = Authentication {
            session: id,
            methods: methods.to_vec(),
            at: now,
        };
        // Before the session is there: a failure to publish the key leaves nothing behind.
        let (access_token, user) = self
            .access_token(user.id, &authentication)
            .await?
            .ok_or(SignInError::InvalidCredentials)?;
        let session = NewSession {
            id,
            user: user.id,
            verified,
            second_factor: proof.as_ref(),
            refresh_token: &refresh_token.hash(),
            client_address: client.address.as_deref(),
            user_agent: client.user_agent.as_deref(),
            started_at: now,
            expires_at: now.after(self.refresh_lifetime.min(self.session_lifetime)),
            ends_at: now.after(self.session_lifetime),
            known_device: client.is_known,
            require_verified: self.require_verified_email,
        };
        match sessions::start(self.store, &session).await {
            Err(StoreError::Refused(Rule::CredentialsChanged)) => {
                let hash = users::password_hash(self.store, user.id).await?;
                let is_other = hash.is_some_and(|hash| hash != *verified);
                return if is_other {
                    Ok(None)
                } else {
                    Err(SignInError::InvalidCredentials)
                };
            }
            started => started?,
        }
        Ok(Some(Grant {
            access_token,
            refresh_token,
            user,
            methods: authentication.methods,
            outdated: None,
        }))
    }

    /// The proof of the second factor, where one was given to somebody who has one. Whether one is needed is for the statement
    /// that starts the session to say.
    pub(super) async fn prove(
        &self,
        user: UserId,
        given: Option<&Given>,
    ) -> Result<Option<Proof>, SignInError> {
        let Some(given) = given else {
            return Ok(None);
        };
        match second_factor::prove(self.store, user, given, self.clock).await {
            Ok(proof) => Ok(Some(proof)),
            Err(SecondFactorError::NotOn) => Ok(None),
            Err(SecondFactorError::Failed(failure)) => Err(SignInError::Failed(failure)),
            Err(other) => Err(SignInError::SecondFactor(other)),
        }
    }

    /// The user whose credentials these are, the hash that says so, and whether their address is verified. The same work is done whatever comes of it: one
    /// statement, and a hash of the same number of rounds. Whether there is such a user, whether their account is open, how old their
    /// hash is, and whether what was given could be a password at all, make no difference; and so the same queue is met.
    async fn authenticate(
        &self,
        credentials: &Credentials,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<(User, PasswordHash, bool), NotSignedIn> {
        let found = users::to_check(self.store, &credentials.email, hasher.dearest_checked()).await?;
        let placeholder = Password::placeholder();
        let is_password = credentials.password.is_some();
        let password = credentials.password.as_ref().unwrap_or(&placeholder);
        let is_hash = found.hash.is_some();
        let hash = found.hash.unwrap_or_else(|| hasher.hash_of_nobody());
        let matches = hasher.verify_evenly(&hash, password, found.highest_cost).await?;
        let is_right = matches & is_hash & is_password & found.is_open;
        match found.user {
            Some(user) if is_right => Ok((user, hash, found.is_verified)),
            other => Err(NotSignedIn {
                why: SignInError::InvalidCredentials,
                user: other.map(|user| user.id),
            }),
        }
    }
}
