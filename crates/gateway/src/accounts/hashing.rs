//! Hashing as a before-create hook.

use crate::Failure;
use crate::domain::{NewUser, UserToStore};
use crate::hashing::Hasher;
use crate::ports::Ports;

/// The before-create hook that replaces the plain password by its bcrypt hash.
pub fn hash_password(
    hasher: &Hasher<'_, impl Ports>,
) -> impl AsyncFnOnce(NewUser) -> Result<UserToStore, Failure> {
    async move |new: NewUser| {
        let password_hash = hasher.hash(&new.password).await?;
        Ok(UserToStore {
            email: new.email,
            password_hash,
        })
    }
}
