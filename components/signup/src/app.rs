//! What the handlers work with.

use http::HeaderMap;
use jetway_gateway::access::authenticate_signed_in;
use jetway_gateway::accounts::{ONE_TIME_TOKENS, TokenMaker};
use jetway_gateway::devices::DeviceKeyCache;
use jetway_gateway::domain::{EmailAddress, UserId};
use jetway_gateway::hashing::{Hasher, HashingQueue};
use jetway_gateway::http::{HttpError, Response};
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::rate_limit::{ByEmail, Limiter};
use jetway_gateway::sessions::Announcer;
use jetway_gateway::store::secrets::{CachedSecret, ServerSecret};
use jetway_gateway::store::{self, Schema, Store, StoreError};
use jetway_gateway::tokens::{Identity, Verifier, VerifierCache};

use crate::settings::Settings;

/// A store on a connection of the ports' database.
pub type StoreOf<P> = Store<<<P as Ports>::Databases as Databases>::Connection>;

/// What the handlers work with.
#[derive(Debug)]
pub struct App<'a, P, F> {
    /// The outside.
    pub ports: &'a P,
    /// The variables.
    pub settings: &'a Settings,
    /// What this instance remembers.
    pub memory: &'a Memory,
    /// Publishes what has happened to a user, once the answer is on its way.
    pub publish: F,
}

/// What an instance remembers between requests: one, as a `static`.
#[derive(Debug)]
pub struct Memory {
    /// What is known of the database's schema.
    pub schema: Schema,
    hashes: HashingQueue,
    secret: CachedSecret,
    verifier: VerifierCache,
    limiter: Limiter,
    pub(crate) device_key: DeviceKeyCache,
}

impl Memory {
    /// Nothing yet, but where the keys of access tokens come from.
    pub const fn new(verifier: VerifierCache) -> Self {
        Self {
            schema: Schema::new(),
            hashes: HashingQueue::new(),
            secret: CachedSecret::new(ONE_TIME_TOKENS),
            verifier,
            limiter: Limiter::new(),
            device_key: DeviceKeyCache::new(),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(VerifierCache::default())
    }
}

/// What a mail's token is good for, and so how long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mail {
    Email,
    Password,
}

impl<P: Ports, F: Fn(UserId)> App<'_, P, F> {
    /// A connection to the database, of this request's own.
    pub(crate) async fn store(&self) -> Result<StoreOf<P>, StoreError> {
        store::connect(self.ports.databases(), &self.memory.schema).await
    }

    /// The caller, or 401.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Identity, HttpError> {
        let verifier = Verifier::new(
            self.ports.key_value(),
            self.ports.clock(),
            &self.memory.verifier,
            &self.settings.issuer,
            &self.settings.audience,
        );
        authenticate_signed_in(headers, &verifier).await
    }

    /// Makes password hashes, after those that this instance already has to do.
    pub(crate) fn hasher(&self) -> Hasher<'_, P> {
        Hasher::new(self.ports, &self.memory.hashes, &self.settings.hashing)
    }

    /// Announces the ends of sessions.
    pub(crate) fn announcer(&self) -> Announcer<'_, P::KeyValue, P::Clock> {
        let (key_value, clock) = (self.ports.key_value(), self.ports.clock());
        Announcer::new(key_value, clock, self.settings.access_token_lifetime)
    }

    /// What the tokens of mails are derived from. The database is asked once in an instance's life.
    pub(crate) async fn secret(&self, store: &StoreOf<P>) -> Result<ServerSecret, StoreError> {
        self.memory.secret.get(store, self.ports.entropy()).await
    }

    /// Makes the tokens of such mails.
    pub(crate) fn token_maker<'s>(
        &'s self,
        secret: &'s ServerSecret,
        mail: Mail,
    ) -> TokenMaker<'s, P::Clock, P::Entropy> {
        TokenMaker {
            secret,
            lifetime: match mail {
                Mail::Email => self.settings.email_token_lifetime,
                Mail::Password => self.settings.password_token_lifetime,
            },
            clock: self.ports.clock(),
            entropy: self.ports.entropy(),
        }
    }

    /// Tells the platform what has happened to this user. Where it is nobody, the same work is done for somebody who never was: the
    /// time of an answer says nothing of whether an address has an account.
    pub(crate) fn tell(&self, user: Option<UserId>) {
        let nobody = || UserId::generate(self.ports.clock(), self.ports.entropy());
        (self.publish)(user.unwrap_or_else(nobody));
    }

    /// Counts the request as one about `email`, and answers with `handler` unless it is one too many.
    pub(crate) async fn limited(
        &self,
        by_email: ByEmail,
        email: &EmailAddress,
        handler: impl AsyncFnOnce() -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        let (limits, limiter) = (&self.settings.rate_limits, &self.memory.limiter);
        by_email.count(email, limits, limiter, self.ports, handler).await
    }
}
