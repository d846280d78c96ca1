//! Tokens that are good.

use std::time::Duration;

use super::{CountingEntropy, MemoryKeyValue, TestClock, block_on};
use crate::domain::{AuthMethod, Authentication, EmailAddress, RoleName, SessionId, User, UserId};
use crate::ports::Clock as _;
use crate::tokens::{Epoch, Issuer, JwkSet, SigningKey, VerifierCache, publish_key_set};

/// An issuer whose key is published, and what it takes to verify its tokens: issuer and audience are those of
/// [`TestVariables`](super::TestVariables).
#[derive(Debug)]
pub struct TestTokens {
    /// Where the key is published.
    pub store: MemoryKeyValue,
    /// The clock of both sides.
    pub clock: TestClock,
    /// The verifier's memory.
    pub cache: VerifierCache,
    entropy: CountingEntropy,
    key: SigningKey,
}

impl Default for TestTokens {
    #[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
    fn default() -> Self {
        let entropy = CountingEntropy::default();
        let key = SigningKey::generate(&entropy);
        let store = MemoryKeyValue::default();
        let set = JwkSet {
            keys: vec![key.public().clone()],
        };
        block_on(publish_key_set(&store, &set)).expect("the store is up");
        Self {
            store,
            clock: TestClock::default(),
            cache: VerifierCache::trusting_the_store(),
            entropy,
            key,
        }
    }
}

impl TestTokens {
    /// A token of ten minutes for ann@example.com with these roles: her id, and the token.
    ///
    /// # Panics
    /// If a role's name is not valid.
    #[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn issue(&self, roles: &[&str]) -> (String, String) {
        let user = User {
            id: UserId::generate(&self.clock, &self.entropy),
            email: EmailAddress::parse("ann@example.com").expect("an address"),
            roles: roles
                .iter()
                .map(|role| RoleName::parse(role).expect("a role's name"))
                .collect(),
            created_at: String::new(),
        };
        let issuer = Issuer {
            issuer: "jetway".to_owned(),
            audience: "jetway".to_owned(),
            lifetime: Duration::from_secs(600),
        };
        let authentication = Authentication {
            session: SessionId::generate(&self.clock, &self.entropy),
            methods: AuthMethod::PASSWORD.to_vec(),
            at: self.clock.now(),
        };
        let token = issuer
            .issue(
                &self.key,
                &user,
                &authentication,
                Epoch::default(),
                &self.clock,
                &self.entropy,
            )
            .expect("a key that signs");
        (user.id.to_string(), token.reveal().to_owned())
    }
}
