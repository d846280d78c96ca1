//! What the handlers work with.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use jetway_gateway::Failure;
use jetway_gateway::access::authenticate_signed_in;
use jetway_gateway::accounts::{ONE_TIME_TOKENS, Shown};
use jetway_gateway::client::Client;
use jetway_gateway::devices::{DeviceKey, DeviceKeyCache};
use jetway_gateway::domain::{Origin, UserId};
use jetway_gateway::hashing::{Hasher, HashingQueue};
use jetway_gateway::http::{Code, HttpError, RequestId};
use jetway_gateway::mail::UnsubscribeKeyCache;
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::rate_limit::Limiter;
use jetway_gateway::sessions::{self, KeyCache, OutdatedHash, Sessions};
use jetway_gateway::slowdown::Slowdown;
use jetway_gateway::store::secrets::{CachedSecret, ServerSecret};
use jetway_gateway::store::{self, Schema, Store, StoreError};
use jetway_gateway::tokens::{Identity, Verifier, VerifierCache};

use crate::settings::Settings;

/// For how long a sign-in shows that somebody is there.
const RECENT_SIGN_IN: Duration = Duration::from_secs(300);

/// A store on a connection of the ports' database.
pub type StoreOf<P> = Store<<<P as Ports>::Databases as Databases>::Connection>;

/// What the handlers work with.
#[derive(Debug)]
pub struct App<'a, P> {
    /// The outside.
    pub ports: &'a P,
    /// The variables.
    pub settings: &'a Settings,
    /// What this instance remembers.
    pub memory: &'a Memory,
    /// The request's id, for the audit log.
    pub request_id: &'a RequestId,
    /// Publishes what has happened to a user, once the answer is on its way.
    pub publish: Publish<'a>,
    /// What becomes of a hash that is to be made new.
    pub upgrades: Upgrades<'a>,
}

/// Publishes what has happened to a user.
#[derive(Clone, Copy)]
pub struct Publish<'a>(pub &'a dyn Fn(UserId));

impl fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publish(..)")
    }
}

/// Sees to it that [`upgrade`] is called once the answer is on its way.
#[derive(Clone, Copy)]
pub struct Upgrades<'a>(pub &'a dyn Fn(OutdatedHash));

impl fmt::Debug for Upgrades<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrades(..)")
    }
}

/// Makes an old hash new.
pub async fn upgrade(
    outdated: OutdatedHash,
    ports: &impl Ports,
    settings: &Settings,
    memory: &Memory,
) -> Result<(), Failure> {
    let store = store::connect(ports.databases(), &memory.schema).await?;
    let hasher = Hasher::new(ports, &memory.hashes, &settings.hashing);
    outdated.upgrade(&store, &hasher).await
}

/// What an instance remembers between requests: one, as a `static`.
#[derive(Debug)]
pub struct Memory {
    pub(crate) schema: Schema,
    hashes: HashingQueue,
    keys: KeyCache,
    successors: CachedSecret,
    verifier: VerifierCache,
    device_key: DeviceKeyCache,
    one_time_tokens: CachedSecret,
    pub(crate) limiter: Limiter,
    pub(crate) unsubscribe: UnsubscribeKeyCache,
}

impl Memory {
    /// Nothing yet, but where the keys of access tokens come from.
    pub const fn new(verifier: VerifierCache) -> Self {
        Self {
            schema: Schema::new(),
            hashes: HashingQueue::new(),
            keys: KeyCache::new(),
            successors: CachedSecret::new(sessions::SUCCESSORS),
            verifier,
            device_key: DeviceKeyCache::new(),
            one_time_tokens: CachedSecret::new(ONE_TIME_TOKENS),
            limiter: Limiter::new(),
            unsubscribe: UnsubscribeKeyCache::new(),
        }
    }

    /// What is remembered of the keys that sign.
    pub(crate) fn keys(&self) -> &KeyCache {
        &self.keys
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(VerifierCache::default())
    }
}

impl<P: Ports> App<'_, P> {
    /// A connection to the database, of this request's own.
    pub(crate) async fn store(&self) -> Result<StoreOf<P>, StoreError> {
        store::connect(self.ports.databases(), &self.memory.schema).await
    }

    /// The caller, or 401. The component asks itself, whatever the middleware before it has found: a mistake in the
    /// manifest opens nothing.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Identity, HttpError> {
        let issuer = &self.settings.issuer;
        let verifier = Verifier::new(
            self.ports.key_value(),
            self.ports.clock(),
            &self.memory.verifier,
            &issuer.issuer,
            &issuer.audience,
        );
        authenticate_signed_in(headers, &verifier).await
    }

    /// Where an act that is asked for with these headers comes from.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Origin {
        Client::of_request(headers, &self.settings.client).origin(self.request_id)
    }

    /// Makes and checks password hashes, after those that this instance already has to do.
    pub(crate) fn hasher(&self) -> Hasher<'_, P> {
        Hasher::new(self.ports, &self.memory.hashes, &self.settings.hashing)
    }

    /// What proofs of known devices are made with. The database is asked once in an instance's life.
    pub(crate) async fn device_key(&self) -> Result<DeviceKey, StoreError> {
        if let Some(key) = self.memory.device_key.known() {
            return Ok(key);
        }
        let store = self.store().await?;
        self.memory.device_key.get(&store, self.ports.entropy()).await
    }

    /// What slows down whoever guesses.
    pub(crate) fn slowdown(&self) -> Slowdown<'_, P::KeyValue, P::Clock> {
        let policy = self.settings.slowdown.as_ref();
        Slowdown::new(self.ports.key_value(), self.ports.clock(), policy)
    }

    /// What the caller shows, and what their session shows besides.
    pub(crate) fn shown_by(&self, caller: &Identity, shown: Shown) -> Shown {
        shown.in_session(caller, self.ports.clock(), RECENT_SIGN_IN)
    }

    /// Does what takes the caller's password, unless too many were wrong in this session lately.
    pub(crate) async fn guarded<T>(
        &self,
        caller: &Identity,
        act: impl AsyncFnOnce() -> Result<T, HttpError>,
    ) -> Result<T, HttpError> {
        let attempt = self.slowdown().begin_again(caller.session()).await?;
        let done = act().await;
        match &done {
            Ok(_) => attempt.succeeded().await,
            // It stays counted.
            Err(error) if error.problem().code() == Code::InvalidCredentials => {}
            Err(_) => attempt.came_to_nothing().await,
        }
        done
    }

    /// What the tokens of mails are derived from. The database is asked once in an instance's life.
    pub(crate) async fn one_time_token_secret(&self, store: &StoreOf<P>) -> Result<ServerSecret, StoreError> {
        self.memory.one_time_tokens.get(store, self.ports.entropy()).await
    }

    /// Sessions, on this connection.
    pub(crate) fn sessions<'s>(&'s self, store: &'s StoreOf<P>) -> SessionsOf<'s, P> {
        Sessions {
            store,
            key_value: self.ports.key_value(),
            clock: self.ports.clock(),
            entropy: self.ports.entropy(),
            keys: &self.memory.keys,
            rotation: &self.settings.rotation,
            issuer: &self.settings.issuer,
            successors: &self.memory.successors,
            refresh_lifetime: self.settings.refresh_lifetime,
            session_lifetime: self.settings.session_lifetime,
            require_verified_email: self.settings.require_verified_email,
        }
    }
}

type SessionsOf<'s, P> = Sessions<
    's,
    <<P as Ports>::Databases as Databases>::Connection,
    <P as Ports>::KeyValue,
    <P as Ports>::Clock,
    <P as Ports>::Entropy,
>;
