//! What an account's owner does with a token out of a mail: verifying the address, resetting the password.
//!
//! Nobody learns from an answer whether an address has an account. The token goes nowhere but into the mail: the event that asks for
//! the mail names its id, from which only who has the server's secret derives it ([`one_time_token`]).

use std::time::Duration;

use crate::Failure;
use crate::domain::{EmailAddress, InvalidPassword, OneTimeToken, OneTimeTokenId, Password, UserId};
use crate::hashing::Hasher;
use crate::ports::{Clock, Database, Entropy, KeyValue, Ports};
use crate::sessions::Announcer;
use crate::store::one_time_tokens::{self, NewToken};
use crate::store::secrets::ServerSecret;
use crate::store::{Rule, Store, StoreError, users};

pub use crate::store::one_time_tokens::Purpose;

/// The name of the server's secret that the tokens are derived from.
pub const ONE_TIME_TOKENS: &str = "one_time_tokens";

/// The token of this id, for whoever writes the mail.
pub fn one_time_token(secret: &ServerSecret, id: OneTimeTokenId) -> OneTimeToken {
    OneTimeToken::derive(secret.reveal(), id)
}

/// Why a token was worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is unknown, for something else, used or expired.
    #[error("the token is unknown, used or expired")]
    Dead,
    /// The address that it is for has become somebody else's.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The new password is not one for its owner; the token can still be used.
    #[error(transparent)]
    Password(InvalidPassword),
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for TokenError {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Store(StoreError::Refused(Rule::OneTimeTokenDead)) => Self::Dead,
            Failure::Store(StoreError::Refused(Rule::EmailTaken)) => Self::EmailTaken,
            other => Self::Failed(other),
        }
    }
}

/// Makes tokens.
#[derive(Debug)]
pub struct TokenMaker<'a, C, E> {
    /// What they are derived from.
    pub secret: &'a ServerSecret,
    /// How long they are good for.
    pub lifetime: Duration,
    /// The clock.
    pub clock: &'a C,
    /// The source of ids.
    pub entropy: &'a E,
}

impl<C: Clock, E: Entropy> TokenMaker<'_, C, E> {
    /// A new token, as it is stored.
    pub(super) fn make(&self) -> NewToken {
        let id = OneTimeTokenId::generate(self.clock, self.entropy);
        let created_at = self.clock.now();
        NewToken {
            id,
            hash: one_time_token(self.secret, id).hash(),
            created_at,
            expires_at: created_at.after(self.lifetime),
        }
    }
}

/// Asks for a mail to the address, and tells whose it is. The work is the same whoever's it is.
pub async fn request_mail<D: Database>(
    store: &Store<D>,
    purpose: Purpose,
    email: &EmailAddress,
    maker: &TokenMaker<'_, impl Clock, impl Entropy>,
) -> Result<Option<UserId>, Failure> {
    Ok(one_time_tokens::request(store, purpose, email, &maker.make()).await?)
}

/// Marks the address that the token was sent to as verified, and gives it to its account where it is to become its address. Whoever first
/// shows to have an address owns it: unless `prover`, who is signed in, is who signed up with it, what was set up before ends; and an
/// account that only claims the address goes. Access tokens that say otherwise are worth nothing any more. Tells whose account it is.
pub async fn verify_email<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    token: &OneTimeToken,
    prover: Option<UserId>,
    resets: &TokenMaker<'_, impl Clock, impl Entropy>,
) -> Result<UserId, TokenError> {
    let token = token.hash();
    let user = one_time_tokens::owner(store, &token)
        .await?
        .ok_or(TokenError::Dead)?;
    let now = announcer.now();
    let verify = async || {
        let done = one_time_tokens::verify_email(store, &token, prover, &resets.make()).await;
        done.map_err(Failure::from)
    };
    // What is refused leaves the tokens good, and what they say of a user who verifies their own address stays true.
    let is_change = one_time_tokens::changes_address_of(store, &token, now)
        .await?
        .is_some();
    if !is_change && prover == Some(user) {
        verify().await?;
        return Ok(user);
    }
    match one_time_tokens::takes_address_from(store, &token).await? {
        Some(claimant) => {
            let both = async || announcer.renounce(user, verify).await;
            announcer.renounce(claimant, both).await?;
        }
        None => announcer.renounce(user, verify).await?,
    }
    Ok(user)
}

/// Sets the password of the token's owner, and ends all their sessions. Tells who that is.
pub async fn reset_password<D: Database, K: KeyValue, C: Clock>(
    store: &Store<D>,
    announcer: &Announcer<'_, K, C>,
    token: &OneTimeToken,
    new: &Password,
    hasher: &Hasher<'_, impl Ports>,
) -> Result<UserId, TokenError> {
    let token = token.hash();
    // Asked first, so that no hash is computed for who only guesses. Whether it is still good, the statement decides.
    let user = one_time_tokens::owner(store, &token)
        .await?
        .ok_or(TokenError::Dead)?;
    let owner = users::find(store, user).await?.ok_or(TokenError::Dead)?;
    new.check_for(&owner.email).map_err(TokenError::Password)?;
    let new = hasher.hash(new).await?;
    let now = announcer.now();
    let reset = async || {
        let done = one_time_tokens::reset_password(store, &token, &new, now).await;
        done.map_err(Failure::from)
    };
    announcer.renounce(user, reset).await?;
    Ok(user)
}
