//! Sessions: signing in, refreshing, signing out.

mod announcer;
mod by_mail;
mod end;
mod grant;
mod keys;
mod refresh;
mod renounce;
mod restore;
mod sign_in;
mod upgrade;

use std::time::Duration;

pub use announcer::Announcer;
pub use by_mail::{CodeMaker, ShownCode, request_code, signin_code};
pub use end::end;
pub use grant::{Client, Grant};
pub use keys::{KeyCache, Rotation, SigningKeys, owned_keys, published_signing_keys, signing_keys};
pub use refresh::{REFRESH_GRACE, RefreshError};
pub use renounce::renounce;
pub use sign_in::{Credentials, NotSignedIn, SignInError};
pub use upgrade::OutdatedHash;

use crate::ports::{Clock, Entropy, KeyValue};
use crate::store::Store;
use crate::store::secrets::CachedSecret;
use crate::tokens::Issuer;

/// The name of the secret that refresh tokens' successors are made with.
pub const SUCCESSORS: &str = "refresh_tokens";

/// What it takes to give somebody a session.
#[derive(Debug)]
pub struct Sessions<'a, D, K, C, E> {
    /// Where users, sessions and signing keys are.
    pub store: &'a Store<D>,
    /// Where the public keys are published and the ends of sessions announced.
    pub key_value: &'a K,
    /// The clock.
    pub clock: &'a C,
    /// The source of ids and tokens.
    pub entropy: &'a E,
    /// The instance's memory of the signing key.
    pub keys: &'a KeyCache,
    /// When signing keys are replaced.
    pub rotation: &'a Rotation,
    /// What access tokens say of where they come from.
    pub issuer: &'a Issuer,
    /// The instance's memory of the secret that refresh tokens' successors are made with.
    pub successors: &'a CachedSecret,
    /// How long a refresh token can be used; each use gives a new one as long again.
    pub refresh_lifetime: Duration,
    /// How long a session lasts at most, however often it is refreshed.
    pub session_lifetime: Duration,
    /// Whether only whoever has verified their address may sign in.
    pub require_verified_email: bool,
}

impl<'a, D, K: KeyValue, C: Clock, E: Entropy> Sessions<'a, D, K, C, E> {
    /// Announces the ends of these sessions.
    pub fn announcer(&self) -> Announcer<'a, K, C> {
        Announcer::new(self.key_value, self.clock, self.issuer.lifetime)
    }
}
