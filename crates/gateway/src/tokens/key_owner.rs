//! Who vouches for public keys: the component that has their private halves.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::JwkSet;
use crate::ports::KeyValueError;

/// What an owner answers, in time.
pub type OwnedKeys<'a> = Pin<Box<dyn Future<Output = Result<JwkSet, KeyValueError>> + 'a>>;

/// Where a verifier asks which keys are the gateway's own. Whoever can write the key-value store can name keys there, and no
/// token is good by such a name alone.
pub trait KeyOwner: Debug + Sync {
    /// All public keys whose private halves sign, will, or did until lately.
    fn keys(&self) -> OwnedKeys<'_>;
}
