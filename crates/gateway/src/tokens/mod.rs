//! Access tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037).
//!
//! `signin` issues them with a private key that only SQLite holds. Everyone verifies them with the public keys that
//! their owner vouches for, as long as the key-value store publishes them, which is also where sign-outs are announced and users'
//! epochs are counted. What the key-value store does not say is refused, never waved on; what it alone says of keys is not believed.

mod claims;
mod epoch;
mod identity;
mod issuer;
mod jwk;
mod key_owner;
mod key_set;
mod revocation;
mod signing_key;
mod verifier;

pub use claims::Claims;
pub use epoch::{EPOCHS, Epoch, epoch_key, epoch_of};
pub(crate) use epoch::{raise_epoch, restore_epoch};
pub use identity::Identity;
pub use issuer::{AccessToken, Issuer, IssuingFailed};
pub use jwk::{Jwk, JwkSet};
pub use key_owner::{KeyOwner, OwnedKeys};
pub(crate) use key_set::publish_key_set;
pub use key_set::{KEY_SET_KEY, published_key_set};
pub use revocation::{REVOCATIONS, announce_sign_out, revocation_key};
pub use signing_key::{InvalidSigningKey, SigningKey};
pub use verifier::{MAX_TOKEN_BYTES, NBF_LEEWAY, Rejection, Verifier, VerifierCache, VerifyError};
