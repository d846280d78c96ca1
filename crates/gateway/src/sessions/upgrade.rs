//! Making an old hash new: at a sign-in, because only then the password is there to be hashed again.

use crate::Failure;
use crate::domain::{Password, PasswordHash, UserId};
use crate::hashing::Hasher;
use crate::ports::{Database, Ports};
use crate::store::{Store, users};

/// A hash of an old form, pepper or cost, and the password that it was just found to match. It is one more hash to
/// compute, and so it is done once the answer is on its way: then no answer's time tells whose hash is old.
#[derive(Debug)]
pub struct OutdatedHash {
    user: UserId,
    hash: PasswordHash,
    password: Password,
}

impl OutdatedHash {
    pub(super) fn new(user: UserId, hash: PasswordHash, password: Password) -> Self {
        Self { user, hash, password }
    }

    /// Replaces the hash, unless it has been replaced already: of sign-ins at once one does it, and a password that was
    /// changed meanwhile stays changed.
    pub async fn upgrade<D: Database>(
        self,
        store: &Store<D>,
        hasher: &Hasher<'_, impl Ports>,
    ) -> Result<(), Failure> {
        let new = hasher.hash(&self.password).await?;
        Ok(users::replace_hash(store, self.user, &self.hash, &new).await?)
    }
}
