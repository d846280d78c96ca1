//! The gate for whatever weakens an account: being signed in is not enough for it.
//!
//! Whoever asks shows that they are there now, by their password or by having signed in a moment ago; and the second factor besides, where
//! there is one: by a code, or by having signed in with it a moment ago.

use std::time::Duration;

use crate::Failure;
use crate::domain::{Password, PasswordHash, UserId};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Ports};
use crate::second_factor::{self, Given, SecondFactorError};
use crate::store::{Rule, Store, StoreError, second_factor as factors, users};
use crate::tokens::Identity;

/// How often the password is checked, where its hash changes while it is.
const ATTEMPTS: u32 = 2;

/// What somebody shows of themselves. What nobody has shown is not there.
#[derive(Debug)]
pub struct Shown {
    password: Shows,
    second_factor: Option<Given>,
    is_recent: bool,
    is_recent_with_second_factor: bool,
}

#[derive(Debug)]
enum Shows {
    /// `None` stands for what can be nobody's password.
    Password(Option<Password>),
    /// That they have signed in a moment ago, if they have.
    SignIn,
}

impl Shown {
    /// A password; `None` where what was given can be nobody's.
    pub const fn password(password: Option<Password>) -> Self {
        Self {
            password: Shows::Password(password),
            second_factor: None,
            is_recent: false,
            is_recent_with_second_factor: false,
        }
    }

    /// No password: what counts is the sign-in.
    pub const fn sign_in() -> Self {
        Self {
            password: Shows::SignIn,
            second_factor: None,
            is_recent: false,
            is_recent_with_second_factor: false,
        }
    }

    /// A code besides, where one was given.
    #[must_use]
    pub fn with_second_factor(mut self, given: Option<Given>) -> Self {
        self.second_factor = given;
        self
    }

    /// Asked for in the session of this token, whose sign-in counts for `recent`.
    #[must_use]
    pub fn in_session(mut self, identity: &Identity, clock: &impl Clock, recent: Duration) -> Self {
        let age = clock.now().as_secs().saturating_sub(identity.signed_in_at());
        self.is_recent = age <= recent.as_secs();
        self.is_recent_with_second_factor = self.is_recent && identity.has_second_factor();
        self
    }
}

impl From<Option<Password>> for Shown {
    fn from(password: Option<Password>) -> Self {
        Self::password(password)
    }
}

/// Why the gate stays shut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPresent {
    /// The password is another.
    #[error("the password is wrong")]
    WrongPassword,
    /// No password was given, and the sign-in is too long ago.
    #[error("the sign-in is too long ago")]
    RecentSignInRequired,
    /// There is a second factor, and it was not shown.
    #[error("the second factor is needed")]
    SecondFactorRequired,
    /// What was given for the second factor proves nothing.
    #[error(transparent)]
    SecondFactor(SecondFactorError),
    /// Something underneath failed, the act itself perhaps.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for NotPresent {
    fn from(error: E) -> Self {
        match error.into() {
            // The password is another, or another request changed it first.
            Failure::Store(StoreError::Refused(Rule::CredentialsChanged)) => Self::WrongPassword,
            // Another request used the code first.
            Failure::Store(StoreError::Refused(Rule::SecondFactorRefused)) => {
                Self::SecondFactor(SecondFactorError::Refused)
            }
            other => Self::Failed(other),
        }
    }
}

/// Does `act` for whoever has shown to be the user, and has the second factor where there is one.
///
/// The act is given the hash that the password was checked against, and is to be refused by [`Rule::CredentialsChanged`] where that is
/// no longer the user's. Then the password is checked once more: a sign-in may have made the hash new meanwhile, and it still matches.
pub(super) async fn with_presence<T, D: Database>(
    store: &Store<D>,
    user: UserId,
    shown: Shown,
    (clock, hasher): (&impl Clock, &Hasher<'_, impl Ports>),
    act: impl AsyncFn(&PasswordHash) -> Result<T, Failure>,
) -> Result<T, NotPresent> {
    let mut hash = check_password(store, user, &shown, hasher).await?;
    check_second_factor(store, user, &shown, clock).await?;
    let mut attempts = 1..ATTEMPTS;
    loop {
        match act(&hash).await {
            Err(Failure::Store(StoreError::Refused(Rule::CredentialsChanged))) if !attempts.is_empty() => {
                attempts.next();
                hash = check_password(store, user, &shown, hasher).await?;
            }
            done => return Ok(done?),
        }
    }
}

async fn check_password<D: Database>(
    store: &Store<D>,
    user: UserId,
    shown: &Shown,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<PasswordHash, NotPresent> {
    let password = match &shown.password {
        Shows::Password(password) => Some(password.as_ref().ok_or(NotPresent::WrongPassword)?),
        Shows::SignIn if shown.is_recent => None,
        Shows::SignIn => return Err(NotPresent::RecentSignInRequired),
    };
    let hash = users::password_hash(store, user).await?;
    let hash = hash.ok_or(NotPresent::WrongPassword)?;
    match password {
        Some(password) if !hasher.verify(&hash, password).await? => Err(NotPresent::WrongPassword),
        _ => Ok(hash),
    }
}

async fn check_second_factor<D: Database>(
    store: &Store<D>,
    user: UserId,
    shown: &Shown,
    clock: &impl Clock,
) -> Result<(), NotPresent> {
    let Some(given) = &shown.second_factor else {
        let is_on = factors::state(store, user).await?.since.is_some();
        return if is_on && !shown.is_recent_with_second_factor {
            Err(NotPresent::SecondFactorRequired)
        } else {
            Ok(())
        };
    };
    match second_factor::prove(store, user, given, clock).await {
        Ok(proof) => Ok(factors::use_up(store, user, &proof, clock.now()).await?),
        // A code where none is asked for is as if it were left out, as at a sign-in.
        Err(SecondFactorError::NotOn) => Ok(()),
        Err(SecondFactorError::Failed(failure)) => Err(NotPresent::Failed(failure)),
        Err(other) => Err(NotPresent::SecondFactor(other)),
    }
}
