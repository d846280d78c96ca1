//! Hashing as a before-create hook.

use crate::Failure;
use crate::domain::{BcryptCost, NewUser, PasswordHash, UserToStore};
use crate::ports::Entropy;

/// The before-create hook that replaces the plain password by its bcrypt hash.
pub fn hash_password(
    cost: BcryptCost,
    entropy: &impl Entropy,
) -> impl AsyncFnOnce(NewUser) -> Result<UserToStore, Failure> {
    async move |new: NewUser| {
        let password_hash = PasswordHash::of(&new.password, cost, entropy)?;
        Ok(UserToStore {
            email: new.email,
            password_hash,
        })
    }
}
