//! Trading a refresh token for new tokens.

use super::{Grant, Sessions, end};
use crate::Failure;
use crate::domain::RefreshToken;
use crate::ports::{Clock, Database, Entropy, KeyValue};
use crate::store::sessions::{EndReason, Which};
use crate::store::{Rule, StoreError, sessions};

/// Why there are no new tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The token is unknown, or its session has ended or expired.
    #[error("the refresh token is dead")]
    Dead,
    /// The token had been used before: one of its two users stole it, and so the session has been ended.
    #[error("the refresh token was used a second time, and its session has been ended")]
    Replayed,
    /// Something underneath failed.
    #[error(transparent)]
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for RefreshError {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Store(StoreError::Refused(Rule::RefreshTokenDead)) => Self::Dead,
            Failure::Store(StoreError::Refused(Rule::RefreshTokenReplayed)) => Self::Replayed,
            other => Self::Failed(other),
        }
    }
}

impl<D: Database, K: KeyValue, C: Clock, E: Entropy> Sessions<'_, D, K, C, E> {
    /// Trades `token` for an access token with the user's roles of now and a new refresh token.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<Grant, RefreshError> {
        let now = self.clock.now();
        let refresh_token = RefreshToken::generate(self.entropy);
        // Signed before the old token is spent: a failure to sign costs the client nothing.
        let (session, owner) = sessions::of_refresh_token(self.store, &token.hash())
            .await?
            .ok_or(RefreshError::Dead)?;
        let (access_token, user) = self
            .access_token(owner, session)
            .await?
            .ok_or(RefreshError::Dead)?;
        let expires_at = now.after(self.refresh_lifetime);
        match sessions::rotate(self.store, &token.hash(), &refresh_token.hash(), now, expires_at)
            .await
            .map_err(RefreshError::from)
        {
            Ok(()) => Ok(Grant {
                access_token,
                refresh_token,
                user,
            }),
            Err(RefreshError::Replayed) => {
                let replayed = Which::Only(session);
                end(
                    self.store,
                    &self.announcer(),
                    owner,
                    replayed,
                    EndReason::TokenReplayed,
                )
                .await?;
                Err(RefreshError::Replayed)
            }
            Err(other) => Err(other),
        }
    }
}
