//! Trading a refresh token for new tokens.
//!
//! A token is traded once, for a successor that is made from it with a secret of the server's: so whoever trades it again (the answer
//! was lost, two tabs raced) is given the very same one, as long as nobody has used that, and nothing but hashes is ever stored. Once
//! it was used, whoever trades the token again is not its only owner, and the session ends.

use std::time::Duration;

use super::{Grant, Sessions};
use crate::Failure;
use crate::domain::{RefreshToken, UserId};
use crate::ports::{Clock, Database, Entropy, KeyValue};
use crate::store::sessions::{Rotated, Rotation};
use crate::store::{Rule, StoreError, sessions};

/// For how long after its successor was used a token is only refused, because requests may have overtaken one another.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// What sets successors apart from whatever else the same secret might one day be used for.
const PURPOSE: &[u8] = b"jetway refresh token 1";

/// Why there are no new tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The token is unknown, its successor was used just now, its session has ended or expired, or its user's account is disabled.
    #[error("the refresh token is dead")]
    Dead,
    /// The token had been used before: one of its two users stole it, and so the session has been ended.
    #[error("the refresh token was used a second time, and its session has been ended")]
    Replayed {
        /// Whose it was.
        user: UserId,
    },
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for RefreshError {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Store(StoreError::Refused(Rule::RefreshTokenDead)) => Self::Dead,
            other => Self::Failed(other),
        }
    }
}

impl<D: Database, K: KeyValue, C: Clock, E: Entropy> Sessions<'_, D, K, C, E> {
    /// Trades `token` for an access token that says what holds now and a new refresh token.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<Grant, RefreshError> {
        let now = self.clock.now();
        let grace_since = now.before(REFRESH_GRACE);
        let secret = self.successors.get(self.store, self.entropy).await?;
        let refresh_token = token.successor(|bytes| secret.mac(PURPOSE, bytes));
        let (hash, successor) = (token.hash(), refresh_token.hash());
        let owner = sessions::of_refresh_token(self.store, &hash, &successor, grace_since)
            .await?
            .ok_or(RefreshError::Dead)?;
        if owner.is_replay {
            // Announced before it is done: where that fails, the next replay ends the session.
            self.announcer().announce(&[owner.authentication.session]).await?;
        }
        // Signed before the old token is spent: a failure to sign costs the client nothing.
        let (access_token, user) = self
            .access_token(owner.user, &owner.authentication)
            .await?
            .ok_or(RefreshError::Dead)?;
        let rotation = Rotation {
            token: &hash,
            successor: &successor,
            now,
            grace_since,
            expires_at: now.after(self.refresh_lifetime),
        };
        match sessions::rotate(self.store, owner.authentication.session, &rotation).await? {
            Rotated::Traded => Ok(Grant {
                access_token,
                refresh_token,
                user,
                methods: owner.authentication.methods,
                outdated: None,
            }),
            Rotated::Ended => Err(RefreshError::Dead),
            Rotated::Replayed => {
                if !owner.is_replay {
                    self.announcer().announce(&[owner.authentication.session]).await?;
                }
                Err(RefreshError::Replayed { user: owner.user })
            }
        }
    }
}
