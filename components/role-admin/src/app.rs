//! What the handlers work with.

use http::HeaderMap;
use jetway_gateway::access::{self, authenticate_signed_in};
use jetway_gateway::client::Client;
use jetway_gateway::domain::Origin;
use jetway_gateway::hashing::{Hasher, HashingQueue};
use jetway_gateway::http::{HttpError, RequestId};
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::sessions::Announcer;
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
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
    /// The hashes that this instance has to do.
    pub hashes: &'a HashingQueue,
    /// What this instance remembers of keys and sign-outs.
    pub verifier: &'a VerifierCache,
    /// The request's id, for the audit log.
    pub request_id: &'a RequestId,
    /// Publishes what has happened to a user, once the answer is on its way.
    pub publish: F,
}

impl<P: Ports, F> App<'_, P, F> {
    /// A connection to the database, of this request's own.
    pub(crate) async fn store(&self) -> Result<StoreOf<P>, StoreError> {
        store::connect(self.ports.databases(), self.schema).await
    }

    /// Where an act that is asked for with these headers comes from.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Origin {
        Client::of_request(headers, &self.settings.client).origin(self.request_id)
    }

    /// Announces the ends of sessions.
    pub(crate) fn announcer(&self) -> Announcer<'_, P::KeyValue, P::Clock> {
        let ports = self.ports;
        Announcer::new(
            ports.key_value(),
            ports.clock(),
            self.settings.access_token_lifetime,
        )
    }

    /// Makes password hashes, after those that this instance already has to do.
    pub(crate) fn hasher(&self) -> Hasher<'_, P> {
        Hasher::new(self.ports, self.hashes, &self.settings.hashing)
    }

    /// The caller, or 401. The component asks itself, whatever the middleware before it has found: a mistake in the
    /// manifest opens nothing.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Identity, HttpError> {
        let access::Settings { issuer, audience } = &self.settings.access;
        let verifier = Verifier::new(
            self.ports.key_value(),
            self.ports.clock(),
            self.verifier,
            issuer,
            audience,
        );
        authenticate_signed_in(headers, &verifier).await
    }
}
