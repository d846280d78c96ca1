use std::cell::{Cell, RefCell};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::http::Code;
use crate::ports::Clock as _;
use crate::test_support::{TestTokens, block_on};
use crate::tokens::Verifier;

/// A proxy, and what `signin` has for it.
struct World {
    tokens: TestTokens,
    memory: Memory,
    mode: Mode,
    signin: Signin,
}

/// Hands over the key with this seed, or none.
struct Signin {
    key: RefCell<Option<[u8; 32]>>,
    asked: Cell<u32>,
    now: Cell<Timestamp>,
}

impl KeySource for &Signin {
    async fn fetch(&self) -> Result<KnownKey, KeyUnavailable> {
        self.asked.set(self.asked.get() + 1);
        let seed = self
            .key
            .borrow()
            .ok_or_else(|| KeyUnavailable("away".to_owned()))?;
        Ok(KnownKey {
            key: AssertionKey::parse(&seed).unwrap(),
            since: self.now.get(),
        })
    }
}

const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];

impl World {
    fn new(mode: Mode) -> Self {
        Self {
            tokens: TestTokens::default(),
            memory: Memory::new(),
            mode,
            signin: Signin {
                key: RefCell::new(Some(FIRST)),
                asked: Cell::new(0),
                now: Cell::new(Timestamp::from_millis(0)),
            },
        }
    }

    /// The headers that go with a request by whoever has this token.
    fn put_on(&self, method: &str, target: &str, token: Option<&str>) -> Result<HeaderMap, HttpError> {
        let TestTokens {
            store, clock, cache, ..
        } = &self.tokens;
        self.signin.now.set(clock.now());
        let verifier = Verifier::new(store, clock, cache, "jetway", "jetway");
        let caller = token.map(|token| block_on(verifier.verify(token)).unwrap());
        let asserter = Asserter {
            memory: &self.memory,
            now: clock.now(),
            source: &self.signin,
            issuer: "jetway",
            mode: self.mode,
        };
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .body(())
            .unwrap();
        let mut headers = HeaderMap::new();
        for name in ["x-jetway-assertion", "x_jetway_assertion"] {
            headers.insert(name, HeaderValue::from_static("forged"));
        }
        let (subject, id) = (Subject::of(&request), RequestId::for_test("r-1"));
        block_on(asserter.put_on(&mut headers, &subject, caller.as_ref(), &id))?;
        Ok(headers)
    }

    fn advance(&self, seconds: u64) {
        self.tokens.clock.advance(Duration::from_secs(seconds));
    }
}

/// Header and claims, once the signature is right.
fn read(headers: &HeaderMap, seed: [u8; 32]) -> (Value, Value) {
    let token = headers[ASSERTION].to_str().unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = AssertionKey::parse(&seed).unwrap().public().x.clone();
    let key = jsonwebtoken::DecodingKey::from_ed_components(&public).unwrap();
    let algorithm = jsonwebtoken::Algorithm::EdDSA;
    assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap());
    let (header, claims) = signed.split_once('.').unwrap();
    let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (part(header), part(claims))
}

#[test]
fn an_assertion_says_who_calls_what_where() {
    let world = World::new(Mode::Optional);
    let (id, token) = world.tokens.issue(&["customer", "airline"]);
    let target = "/api/v1/bookings/7?x=%2F&y";
    let headers = world.put_on("PATCH", target, Some(&token)).unwrap();
    let (header, mut claims) = read(&headers, FIRST);
    let kid = AssertionKey::parse(&FIRST).unwrap().kid().to_owned();
    assert_eq!(
        header,
        json!({"alg": "EdDSA", "typ": "jetway-assertion+jwt", "kid": kid})
    );
    assert!(claims["sid"].as_str().is_some_and(|sid| sid.len() == 36));
    claims["sid"] = json!("…");
    assert_eq!(
        claims,
        json!({
            "iss": "jetway", "aud": "bookings", "sub": id, "email": "ann@example.com",
            "roles": ["customer", "airline"], "sid": "…", "method": "PATCH", "target": target,
            "iat": 1_767_323_045, "exp": 1_767_323_075,
        })
    );
}

#[test]
fn a_long_target_is_told_by_its_digest() {
    use sha2::{Digest as _, Sha256};
    let world = World::new(Mode::Optional);
    let claims = |length: usize| {
        let target = format!("/api/v1/flights?{}", "x".repeat(length - 16));
        let headers = world.put_on("GET", &target, None).unwrap();
        (target, read(&headers, FIRST).1, headers[ASSERTION].len())
    };
    let (target, claims_of_it, _) = claims(512);
    assert_eq!(claims_of_it["target"], json!(target));
    assert_eq!(claims_of_it.get("target_sha256"), None);
    let (target, claims_of_it, length) = claims(60_000);
    assert_eq!(claims_of_it.get("target"), None);
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&target));
    assert_eq!(claims_of_it["target_sha256"], json!(digest));
    assert!(length < 600, "{length}");
}

#[test]
fn of_nobody_it_says_nothing() {
    let world = World::new(Mode::Optional);
    let (_, claims) = read(&world.put_on("GET", "/api/v1/flights", None).unwrap(), FIRST);
    let names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "method", "roles", "target"]);
    assert_eq!(
        (&claims["aud"], &claims["roles"]),
        (&json!("flights"), &json!([]))
    );
}

#[test]
fn what_a_client_says_of_itself_never_counts() {
    for mode in [Mode::Optional, Mode::Required] {
        let headers = World::new(mode).put_on("GET", "/api/v1/flights", None).unwrap();
        assert_eq!(headers.keys().collect::<Vec<_>>(), [ASSERTION.as_str()]);
        assert_eq!(read(&headers, FIRST).1.get("sub"), None);
    }
    let off = World::new(Mode::Off).put_on("GET", "/api/v1/flights", None);
    assert!(off.unwrap().is_empty());
}

#[test]
fn an_assertion_is_sent_again_while_half_its_life_is_left() {
    let world = World::new(Mode::Optional);
    let (_, token) = world.tokens.issue(&["customer"]);
    let get = |target: &str| world.put_on("GET", target, Some(&token)).unwrap();
    let first = get("/api/v1/flights");
    world.advance(15);
    let again = get("/api/v1/flights");
    assert_eq!(again[ASSERTION], first[ASSERTION]);
    world.advance(1);
    let next = get("/api/v1/flights");
    assert_ne!(next[ASSERTION], first[ASSERTION]);
    assert_eq!(read(&next, FIRST).1["iat"], 1_767_323_045 + 16);
}

#[test]
fn an_assertion_is_of_one_request_alone() {
    let world = World::new(Mode::Optional);
    let (ann, bob) = (world.tokens.issue(&[]).1, world.tokens.issue(&[]).1);
    let mut seen = std::collections::HashSet::new();
    for token in [None, Some(ann.as_str()), Some(bob.as_str())] {
        for (method, target) in [
            ("GET", "/api/v1/flights"),
            ("HEAD", "/api/v1/flights"),
            ("GET", "/api/v1/flights/"),
            ("GET", "/api/v1/flights?"),
            ("GET", "/api/v1/flights?a"),
            ("GET", "/api/v1/bookings"),
        ] {
            let headers = world.put_on(method, target, token).unwrap();
            assert!(seen.insert(headers[ASSERTION].clone()), "{method} {target}");
            let claims = read(&headers, FIRST).1;
            assert_eq!(
                (&claims["method"], &claims["target"]),
                (&json!(method), &json!(target))
            );
        }
    }
}

#[test]
fn without_the_key_a_request_goes_on_or_does_not_as_the_variable_says() {
    for mode in [Mode::Optional, Mode::Required] {
        let world = World::new(mode);
        world.signin.key.take();
        let get = || world.put_on("GET", "/api/v1/flights", None);
        for _ in 0..5 {
            match mode {
                Mode::Required => assert_eq!(get().unwrap_err().problem().code(), Code::NotReady),
                _ => assert!(get().unwrap().is_empty()),
            }
        }
        // Not every request asks for what is not there.
        assert_eq!(world.signin.asked.get(), 1);
        world.signin.key.replace(Some(FIRST));
        world.advance(1);
        assert!(get().unwrap().contains_key(ASSERTION));
    }
}

#[test]
fn the_key_is_asked_for_every_ten_minutes_and_kept_if_there_is_no_answer() {
    let world = World::new(Mode::Required);
    let get = || world.put_on("GET", "/api/v1/flights", None).unwrap();
    for _ in 0..40 {
        read(&get(), FIRST);
        world.advance(14);
    }
    assert_eq!(world.signin.asked.get(), 1);
    world.signin.key.take();
    world.advance(60);
    read(&get(), FIRST);
    assert_eq!(world.signin.asked.get(), 2);
    world.signin.key.replace(Some(SECOND));
    world.advance(60);
    read(&get(), SECOND);
}

#[test]
fn what_is_kept_is_bounded() {
    let world = World::new(Mode::Optional);
    for number in 0..3000 {
        world
            .put_on("GET", &format!("/api/v1/flights/{number}"), None)
            .unwrap();
    }
    let long = format!("/api/v1/flights?{}", "x".repeat(5000));
    read(&world.put_on("GET", &long, None).unwrap(), FIRST);
    assert!(world.memory.len() <= 1024);
}

#[test]
fn the_variable_has_three_values() {
    for (text, mode) in [
        ("off", Mode::Off),
        (" optional ", Mode::Optional),
        ("required", Mode::Required),
    ] {
        assert_eq!(Mode::parse(text), Ok(mode));
    }
    for text in ["", "on", "Required", "true"] {
        assert!(Mode::parse(text).is_err(), "{text}");
    }
}
