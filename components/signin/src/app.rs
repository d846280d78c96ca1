//! What the handlers work with.

use http::HeaderMap;
use jetway_gateway::access::authenticate_signed_in;
use jetway_gateway::devices::{DeviceKey, DeviceKeyCache};
use jetway_gateway::hashing::{Hasher, HashingQueue};
use jetway_gateway::http::HttpError;
use jetway_gateway::mail::UnsubscribeKeyCache;
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::rate_limit::Limiter;
use jetway_gateway::sessions::{KeyCache, Sessions};
use jetway_gateway::slowdown::Slowdown;
use jetway_gateway::store::{self, Schema, Store, StoreError};
use jetway_gateway::tokens::{Identity, Verifier, VerifierCache};

use crate::settings::Settings;

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
}

/// What an instance remembers between requests: one, as a `static`.
#[derive(Debug, Default)]
pub struct Memory {
    schema: Schema,
    hashes: HashingQueue,
    keys: KeyCache,
    verifier: VerifierCache,
    device_key: DeviceKeyCache,
    pub(crate) limiter: Limiter,
    pub(crate) unsubscribe: UnsubscribeKeyCache,
}

impl Memory {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            schema: Schema::new(),
            hashes: HashingQueue::new(),
            keys: KeyCache::new(),
            verifier: VerifierCache::new(),
            device_key: DeviceKeyCache::new(),
            limiter: Limiter::new(),
            unsubscribe: UnsubscribeKeyCache::new(),
        }
    }

    /// What is remembered of the keys that sign.
    pub(crate) fn keys(&self) -> &KeyCache {
        &self.keys
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

    /// Makes and checks password hashes, after those that this instance already has to do.
    pub(crate) fn hasher(&self) -> Hasher<'_, P> {
        Hasher::new(self.ports, &self.memory.hashes, self.settings.bcrypt_cost)
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
            refresh_lifetime: self.settings.refresh_lifetime,
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
