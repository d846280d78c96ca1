//! The second factor: turning it on and off, and proving to have it.
//!
//! A code is worth something once. What is checked here becomes a [`Proof`], and the statement that acts upon it uses it up: of two
//! requests with one code, one succeeds.

use crate::Failure;
use crate::domain::{Origin, Password, RecoveryCode, TotpCode, TotpSecret, UserId};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::second_factor::{self, Attempt, Proof};
use crate::store::{Rule, Store, StoreError, accounts, users};
use crate::tokens::Identity;

/// How many recovery codes there are at a time.
const RECOVERY_CODES: usize = 10;

/// What somebody gives to prove that they have the second factor.
#[derive(Clone, Debug)]
pub enum Given {
    /// A code of their device.
    Code(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

/// Why the second factor stayed as it was, or proved nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecondFactorError {
    /// The current password is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// It is on already.
    #[error("the second factor is on already")]
    AlreadyOn,
    /// It is not on, or not about to be.
    #[error("there is no second factor")]
    NotOn,
    /// The address of the account has not been shown to be its owner's.
    #[error("the address has not been verified")]
    NotVerified,
    /// The code is another, or has been used.
    #[error("the code is wrong, or was used before")]
    Refused,
    /// Too many codes were tried; the next may be in so many seconds.
    #[error("too many codes were tried")]
    TooEarly(u64),
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for SecondFactorError {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Store(StoreError::Refused(Rule::SecondFactorRefused)) => Self::Refused,
            other => Self::Failed(other),
        }
    }
}

/// Checks what was given by `user`, who has the second factor.
pub async fn prove<D: Database>(
    store: &Store<D>,
    user: UserId,
    given: &Given,
    clock: &impl Clock,
) -> Result<Proof, SecondFactorError> {
    match given {
        // Not counted: 120 bits are not guessed. So it works, too, while somebody else's guesses make the owner wait.
        Given::Recovery(code) => match second_factor::state(store, user).await?.since {
            Some(_) => Ok(Proof::Recovery(code.hash())),
            None => Err(SecondFactorError::NotOn),
        },
        Given::Code(code) => {
            let (secret, confirmed) = attempt(store, user, clock).await?;
            if !confirmed {
                return Err(SecondFactorError::NotOn);
            }
            let step = secret.step_of(*code, clock.now());
            let step = step.ok_or(SecondFactorError::Refused)?;
            Ok(Proof::Totp { secret, step })
        }
    }
}

async fn attempt<D: Database>(
    store: &Store<D>,
    user: UserId,
    clock: &impl Clock,
) -> Result<(TotpSecret, bool), SecondFactorError> {
    match second_factor::attempt(store, user, clock.now()).await? {
        Attempt::Secret { secret, confirmed } => Ok((secret, confirmed)),
        Attempt::TooEarly(seconds) => Err(SecondFactorError::TooEarly(seconds)),
        Attempt::None => Err(SecondFactorError::NotOn),
    }
}

/// The second factor of whoever is signed in.
#[derive(Debug)]
pub struct OwnSecondFactor<'a, D, C, E> {
    /// Where secrets and codes are.
    pub store: &'a Store<D>,
    /// The clock.
    pub clock: &'a C,
    /// The source of secrets.
    pub entropy: &'a E,
    /// Whose it is.
    pub owner: &'a Identity,
    /// Where the request came from.
    pub origin: Origin,
}

impl<D: Database, C: Clock, E: Entropy> OwnSecondFactor<'_, D, C, E> {
    /// Makes a secret, which counts once it is confirmed. `password` is `None` where what was given can be nobody's.
    pub async fn begin(
        &self,
        password: Option<Password>,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<TotpSecret, SecondFactorError> {
        self.check_password(password, hasher).await?;
        self.check_verified().await?;
        let secret = TotpSecret::generate(self.entropy);
        let begun = second_factor::begin(self.store, self.owner.user(), &secret, self.clock.now()).await?;
        begun.then_some(secret).ok_or(SecondFactorError::AlreadyOn)
    }

    /// Turns the second factor on for whoever shows a code of their device, and gives the recovery codes.
    pub async fn confirm(&self, code: TotpCode) -> Result<Vec<RecoveryCode>, SecondFactorError> {
        self.check_verified().await?;
        let user = self.owner.user();
        let (secret, confirmed) = attempt(self.store, user, self.clock).await?;
        if confirmed {
            return Err(SecondFactorError::AlreadyOn);
        }
        let now = self.clock.now();
        let step = secret.step_of(code, now).ok_or(SecondFactorError::Refused)?;
        let codes = self.recovery_codes();
        let owner = (user, self.owner.session());
        second_factor::confirm(self.store, owner, (&secret, step), &codes, (now, &self.origin)).await?;
        Ok(codes)
    }

    /// Turns the second factor off. Sessions go on without it, and so every access token of the user ends.
    pub async fn remove<K: KeyValue>(
        &self,
        password: Option<Password>,
        given: &Given,
        announcer: &Announcer<'_, K, C>,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<(), SecondFactorError> {
        self.check_password(password, hasher).await?;
        let user = self.owner.user();
        let proof = prove(self.store, user, given, self.clock).await?;
        let act = (self.clock.now(), &self.origin);
        announcer
            .renounce(user, async || {
                let removed = second_factor::remove(self.store, user, &proof, act).await;
                removed.map_err(SecondFactorError::from)
            })
            .await
    }

    /// Gives new recovery codes; the old ones are worth nothing any more.
    pub async fn replace_codes(
        &self,
        password: Option<Password>,
        given: &Given,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<Vec<RecoveryCode>, SecondFactorError> {
        self.check_password(password, hasher).await?;
        let user = self.owner.user();
        let proof = prove(self.store, user, given, self.clock).await?;
        let codes = self.recovery_codes();
        let act = (self.clock.now(), &self.origin);
        second_factor::replace_codes(self.store, user, &proof, &codes, act).await?;
        Ok(codes)
    }

    /// Nobody is to be locked out by a second factor of an account that may be theirs.
    async fn check_verified(&self) -> Result<(), SecondFactorError> {
        match accounts::find(self.store, self.owner.user()).await? {
            Some((_, true)) => Ok(()),
            _ => Err(SecondFactorError::NotVerified),
        }
    }

    fn recovery_codes(&self) -> Vec<RecoveryCode> {
        let fresh = || RecoveryCode::generate(self.entropy);
        std::iter::repeat_with(fresh).take(RECOVERY_CODES).collect()
    }

    async fn check_password(
        &self,
        password: Option<Password>,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<(), SecondFactorError> {
        let password = password.ok_or(SecondFactorError::WrongPassword)?;
        let hash = users::password_hash(self.store, self.owner.user()).await?;
        let hash = hash.ok_or(SecondFactorError::WrongPassword)?;
        let right = hasher.verify(&hash, &password).await?;
        right.then_some(()).ok_or(SecondFactorError::WrongPassword)
    }
}
