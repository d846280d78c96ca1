//! What the tests have in common.

use std::time::Duration;

use jetway_gateway::accounts::{self, SignUpError};
use jetway_gateway::domain::{EmailAddress, NewUser, Password, RefreshToken, RoleName, User};
use jetway_gateway::sessions::{
    self, Client, Credentials, Grant, KeyCache, RefreshError, Rotation, Sessions, SignInError,
};
use jetway_gateway::store::Store;
use jetway_gateway::store::secrets::CachedSecret;
use jetway_gateway::test_support::{
    Connection, CountingEntropy, MemoryKeyValue, TestClock, TestPorts, block_on,
};
use jetway_gateway::tokens::{Identity, Issuer, Verifier, VerifierCache, VerifyError};

/// How long a refresh token can be used.
pub(crate) const IDLE: Duration = Duration::from_secs(3600);
/// How long a session lasts at most.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 3600);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// As the manifest has it.
pub(crate) const ROTATION: Rotation = Rotation {
    max_age: Duration::from_secs(90 * 24 * 3600),
    publish_ahead: Duration::from_secs(600),
    access_tokens: Duration::from_secs(600),
};

/// One gateway's ports, and what one of its instances remembers.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) ports: TestPorts,
    pub(crate) keys: KeyCache,
    pub(crate) successors: Successors,
    pub(crate) issuer: TestIssuer,
}

pub(crate) struct Successors(pub(crate) CachedSecret);

impl Default for Successors {
    fn default() -> Self {
        Self(CachedSecret::new(sessions::SUCCESSORS))
    }
}

pub(crate) struct TestIssuer(pub(crate) Issuer);

impl Default for TestIssuer {
    fn default() -> Self {
        Self(Issuer {
            issuer: "jetway".to_owned(),
            audience: "jetway".to_owned(),
            lifetime: Duration::from_secs(600),
        })
    }
}

pub(crate) type SessionsOf<'a> = Sessions<'a, Connection, MemoryKeyValue, TestClock, CountingEntropy>;

impl World {
    pub(crate) fn store(&self) -> Store<Connection> {
        self.ports.databases.store()
    }

    pub(crate) fn sessions<'a>(&'a self, store: &'a Store<Connection>) -> SessionsOf<'a> {
        Sessions {
            store,
            key_value: &self.ports.key_value,
            clock: &self.ports.clock,
            entropy: &self.ports.entropy,
            keys: &self.keys,
            rotation: &ROTATION,
            issuer: &self.issuer.0,
            successors: &self.successors.0,
            refresh_lifetime: IDLE,
            session_lifetime: LONGEST,
            require_verified_email: false,
        }
    }

    pub(crate) fn try_sign_up(&self, email: &str) -> Result<User, SignUpError> {
        let ports = &self.ports;
        block_on(accounts::sign_up(
            &self.store(),
            new_user(email),
            &ports.hasher(),
            &ports.clock,
            &ports.entropy,
        ))
    }

    pub(crate) fn sign_up(&self, email: &str) -> User {
        self.try_sign_up(email).unwrap()
    }

    pub(crate) fn try_sign_in(&self, email: &str, password: &str) -> Result<Grant, SignInError> {
        let store = self.store();
        let credentials = Credentials {
            email: address(email),
            password: Password::parse(password.to_owned()).ok(),
            second_factor: None,
        };
        block_on(
            self.sessions(&store)
                .sign_in(credentials, &Client::default(), &self.ports.hasher()),
        )
        .map_err(|refused| refused.why)
    }

    pub(crate) fn sign_in(&self, email: &str) -> Grant {
        self.try_sign_in(email, PASSWORD).unwrap()
    }

    /// As another instance, which remembers nothing, would.
    pub(crate) fn verify(&self, grant: &Grant) -> Result<Identity, VerifyError> {
        let cache = VerifierCache::trusting_the_store();
        let ports = &self.ports;
        let verifier = Verifier::new(&ports.key_value, &ports.clock, &cache, "jetway", "jetway");
        block_on(verifier.verify(grant.access_token.reveal()))
    }

    pub(crate) fn identity(&self, grant: &Grant) -> Identity {
        self.verify(grant).unwrap()
    }
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn role(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).unwrap()
}

pub(crate) fn new_user(email: &str) -> NewUser {
    NewUser {
        email: address(email),
        password: password(PASSWORD),
    }
}

pub(crate) fn refresh(world: &World, token: &RefreshToken) -> Result<Grant, RefreshError> {
    let store = world.store();
    block_on(world.sessions(&store).refresh(token))
}

/// Runs `act` in as many threads at once, and gives what each came to.
pub(crate) fn at_once<T: Send>(threads: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|i| {
                let (start, act) = (&start, &act);
                scope.spawn(move || {
                    start.wait();
                    act(i)
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}
