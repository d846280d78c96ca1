//! Administering users: who they are, whether they may sign in, and where they are signed in.

use super::{Administration, RolesError};
use crate::domain::{Account, EmailAddress, SessionId, UserId};
use crate::ports::{Clock, Database, KeyValue};
use crate::sessions::{Announcer, renounce};
use crate::store::sessions::{Session, Which};
use crate::store::{Rule, administration, sessions, users};

impl<D: Database, K: KeyValue, C: Clock> Administration<'_, D, K, C> {
    /// At most `limit` accounts after `after`, in the order in which they signed up; with `email`, only that address's.
    pub async fn list_users(
        &self,
        email: Option<&EmailAddress>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Account>, RolesError> {
        Ok(users::list(self.store, email, after, limit).await?)
    }

    /// An account.
    pub async fn user(&self, id: UserId) -> Result<Account, RolesError> {
        users::find_account(self.store, id)
            .await?
            .ok_or(RolesError::Refused(Rule::UnknownUser))
    }

    /// Lets nobody sign in as `user`, and signs out whoever is; doing it again changes nothing. The last administrator who can
    /// sign in stays one.
    pub async fn disable(&self, user: UserId) -> Result<(), RolesError> {
        let disable = async || Ok(administration::disable(self.store, user, self.act()).await?);
        if administration::is_last_admin(self.store, user).await? {
            disable().await
        } else {
            renounce(self.key_value, user, disable).await
        }
    }

    /// Lets `user` sign in again; doing it again changes nothing.
    pub async fn enable(&self, user: UserId) -> Result<(), RolesError> {
        Ok(administration::enable(self.store, user, self.act()).await?)
    }

    /// Deletes `user`, who hears nothing of it before: their sessions and tokens end with them. The last administrator stays. Not the
    /// caller's own account, which is deleted with more than a session.
    pub async fn delete(&self, user: UserId) -> Result<(), RolesError> {
        self.user(user).await?;
        if !administration::is_last_admin(self.store, user).await? {
            self.not_own(user)?;
        }
        let remove = async || Ok(administration::remove(self.store, user, self.act()).await?);
        if administration::is_last_admin(self.store, user).await? {
            remove().await
        } else {
            renounce(self.key_value, user, remove).await
        }
    }

    /// Takes the second factor from `user`, for who has lost it; doing it again changes nothing. Not from the caller, who shows a code to
    /// take off their own.
    pub async fn take_second_factor(&self, user: UserId) -> Result<(), RolesError> {
        self.not_own(user)?;
        self.user(user).await?;
        renounce(self.key_value, user, async || {
            Ok(administration::take_second_factor(self.store, user, self.act()).await?)
        })
        .await
    }

    fn not_own(&self, user: UserId) -> Result<(), RolesError> {
        if user == self.caller.user() {
            return Err(RolesError::OwnAccount);
        }
        Ok(())
    }

    /// The user's open sessions, the latest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, RolesError> {
        self.user(user).await?;
        Ok(sessions::list(self.store, user, self.clock.now()).await?)
    }

    /// Ends all of the user's sessions.
    pub async fn end_sessions(
        &self,
        user: UserId,
        announcer: &Announcer<'_, K, C>,
    ) -> Result<(), RolesError> {
        self.end(user, None, announcer).await.map(drop)
    }

    /// Ends one of the user's open sessions.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        announcer: &Announcer<'_, K, C>,
    ) -> Result<(), RolesError> {
        match self.end(user, Some(session), announcer).await? {
            0 => Err(RolesError::UnknownSession),
            _ => Ok(()),
        }
    }

    async fn end(
        &self,
        user: UserId,
        only: Option<SessionId>,
        announcer: &Announcer<'_, K, C>,
    ) -> Result<usize, RolesError> {
        // As in `sessions::end`: announced before it is done, so that a failure leaves something to try again; and once more, for
        // those that started in between.
        let open = sessions::open_ids(self.store, user, only.map_or(Which::All, Which::Only)).await?;
        announcer.announce(&open).await?;
        let act = self.act();
        administration::end_sessions(self.store, user, only, act).await?;
        if only.is_none() {
            let mut ended = sessions::ended_of_user_since(self.store, user, act.at).await?;
            ended.retain(|id| !open.contains(id));
            announcer.announce(&ended).await?;
        }
        Ok(open.len())
    }
}
