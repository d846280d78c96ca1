//! Access tokens. A stranger's text is never taken; and whatever our own key has signed is taken only if it has our header and
//! says unambiguously what an access token says.
//!
//! The first byte says what the rest is: a token, the claims under our header, or header and claims with a line break between
//! them. Without the signature nothing would ever get past it, and the claims' parser would not be met.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jetway_gateway::ports::KeyValue as _;
use jetway_gateway::test_support::{MemoryKeyValue, TestClock, block_on};
use jetway_gateway::tokens::{Jwk, JwkSet, KEY_SET_KEY, MAX_TOKEN_BYTES, Verifier, VerifierCache};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

struct World {
    store: MemoryKeyValue,
    clock: TestClock,
    key: SigningKey,
    header: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = Jwk::new(key.verifying_key().as_bytes());
    let header = format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{}"}}"#, public.kid);
    let set = serde_json::to_vec(&JwkSet { keys: vec![public] }).expect("a set is JSON");
    let store = MemoryKeyValue::default();
    block_on(store.set(KEY_SET_KEY, &set)).expect("the store is up");
    World {
        store,
        clock: TestClock::default(),
        key,
        header,
    }
});

impl World {
    fn takes(&self, token: &str) -> bool {
        let cache = VerifierCache::trusting_the_store();
        let verifier = Verifier::new(&self.store, &self.clock, &cache, "jetway", "jetway");
        block_on(verifier.verify(token)).is_ok()
    }

    fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let world = &*WORLD;
    match kind % 3 {
        0 => {
            if let Ok(text) = str::from_utf8(rest) {
                assert!(!world.takes(text), "nobody but us can sign");
            }
        }
        1 => {
            let token = world.sign(world.header.as_bytes(), rest);
            if world.takes(&token) {
                assert!(token.len() <= MAX_TOKEN_BYTES);
                says_what_a_token_says(rest);
            }
        }
        _ => {
            let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
                return;
            };
            let (header, claims) = (&rest[..at], &rest[at + 1..]);
            if world.takes(&world.sign(header, claims)) {
                let header: Value = serde_json::from_slice(header).expect("a header that was taken");
                assert_eq!(
                    header,
                    serde_json::from_str::<Value>(&world.header).expect("ours")
                );
                says_what_a_token_says(claims);
            }
        }
    }
});

fn says_what_a_token_says(claims: &[u8]) {
    let claims: Value = serde_json::from_slice(claims).expect("claims that were taken");
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&"jetway".into(), &"jetway".into())
    );
    for time in ["iat", "nbf", "exp"] {
        assert!(claims[time].is_u64(), "{time}");
    }
    for name in ["sub", "email", "sid", "jti"] {
        assert!(claims[name].is_string(), "{name}");
    }
}
