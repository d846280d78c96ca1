//! What a verifier takes, and what it does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use serde_json::{Value, json};

use super::*;
use crate::domain::{AuthMethod, Authentication, EmailAddress, RoleName, SessionId, User, UserId};
use crate::test_support::{CountingEntropy, MemoryKeyValue, TestClock, block_on};
use crate::tokens::{Issuer, JwkSet, SigningKey, announce_sign_out, epoch_of, publish_key_set, raise_epoch};

struct World {
    store: MemoryKeyValue,
    clock: TestClock,
    cache: VerifierCache,
    entropy: CountingEntropy,
    key: SigningKey,
    session: SessionId,
    user: UserId,
}

impl World {
    /// A world whose key is published.
    fn new() -> Self {
        let entropy = CountingEntropy::default();
        let clock = TestClock::default();
        let world = Self {
            store: MemoryKeyValue::default(),
            key: SigningKey::generate(&entropy),
            session: SessionId::generate(&clock, &entropy),
            user: UserId::generate(&clock, &entropy),
            cache: VerifierCache::trusting_the_store(),
            clock,
            entropy,
        };
        world.publish(&[&world.key]);
        world
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let set = JwkSet {
            keys: keys.iter().map(|key| key.public().clone()).collect(),
        };
        block_on(publish_key_set(&self.store, &set)).unwrap();
    }

    fn verify(&self, token: &str) -> Result<Identity, VerifyError> {
        let verifier = Verifier::new(&self.store, &self.clock, &self.cache, "jetway", "flights");
        block_on(verifier.verify(token))
    }

    #[track_caller]
    fn rejection(&self, token: &str) -> Rejection {
        match self.verify(token) {
            Err(VerifyError::Rejected(rejection)) => rejection,
            other => panic!("not rejected: {other:?}"),
        }
    }

    fn issue_with(&self, key: &SigningKey) -> String {
        let issuer = Issuer {
            issuer: "jetway".to_owned(),
            audience: "flights".to_owned(),
            lifetime: Duration::from_secs(600),
        };
        let user = User {
            id: self.user,
            email: EmailAddress::parse("ada@example.com").unwrap(),
            roles: vec![RoleName::parse("customer").unwrap()],
            created_at: String::new(),
        };
        let epoch = block_on(epoch_of(&self.store, self.user)).unwrap();
        let authentication = Authentication {
            session: self.session,
            methods: AuthMethod::PASSWORD.to_vec(),
            at: self.clock.now(),
        };
        let token = issuer
            .issue(key, &user, &authentication, epoch, &self.clock, &self.entropy)
            .unwrap();
        token.reveal().to_owned()
    }

    fn issue(&self) -> String {
        self.issue_with(&self.key)
    }

    fn claims(&self) -> Value {
        part(self.issue().split('.').nth(1).unwrap())
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.key.kid()})
    }

    /// Any header and claims at all, rightly signed.
    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let key = ed25519_dalek::SigningKey::from_bytes(self.key.reveal_seed());
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes())
        )
    }

    fn with_header(&self, member: &str, value: Value) -> String {
        let mut header = self.header();
        header[member] = value;
        self.sign(&header.to_string(), &self.claims().to_string())
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[claim] = value;
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    fn without_claim(&self, claim: &str) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(claim);
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }
}

fn part(encoded: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

#[test]
fn an_issued_token_tells_who_holds_it() {
    let world = World::new();
    let identity = world.verify(&world.issue()).unwrap();
    assert_eq!(identity.email().as_str(), "ada@example.com");
    assert_eq!(identity.session(), world.session);
    assert!(identity.has_role(&RoleName::parse("customer").unwrap()));
    assert!(!identity.has_role(&RoleName::admin()));
}

#[test]
fn an_issued_token_has_the_header_and_claims_of_the_contract() {
    let world = World::new();
    let token = world.issue();
    assert_eq!(part(token.split('.').next().unwrap()), world.header());
    let claims = world.claims();
    let names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        [
            "amr",
            "aud",
            "auth_time",
            "email",
            "epoch",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "roles",
            "sid",
            "sub"
        ]
    );
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        600
    );
}

#[test]
fn our_own_hand_signs_what_is_taken() {
    let world = World::new();
    assert!(
        world
            .verify(&world.sign(&world.header().to_string(), &world.claims().to_string()))
            .is_ok()
    );
}

#[test]
fn a_header_that_is_not_exactly_ours_is_refused() {
    let world = World::new();
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("Ed25519")),
        ("alg", json!("eddsa")),
        ("alg", json!(["EdDSA"])),
        ("typ", json!("at+jwt")),
        ("typ", Value::Null),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", json!(world.key.public())),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!([])),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
    ] {
        assert_eq!(
            world.rejection(&world.with_header(member, value.clone())),
            Rejection::Header,
            "{member} {value}"
        );
    }
    let claims = world.claims().to_string();
    let kid = world.key.kid();
    for header in [
        r#"{"alg":"EdDSA","typ":"JWT"}"#.to_owned(),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}} x"#),
        "[]".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            world.rejection(&world.sign(&header, &claims)),
            Rejection::Header,
            "{header}"
        );
    }
}

#[test]
fn the_mac_of_the_public_key_is_no_signature() {
    let world = World::new();
    let secret = URL_SAFE_NO_PAD.decode(&world.key.public().x).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some(world.key.kid().to_owned());
    let key = jsonwebtoken::EncodingKey::from_secret(&secret);
    let token = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
    assert_eq!(world.rejection(&token), Rejection::Header);
}

#[test]
fn another_keys_signature_is_refused_under_its_own_name_and_under_ours() {
    let world = World::new();
    let other = SigningKey::generate(&world.entropy);
    assert_eq!(world.rejection(&world.issue_with(&other)), Rejection::UnknownKey);
    let ours = world.issue();
    let theirs = world.issue_with(&other);
    let (signed, _) = ours.rsplit_once('.').unwrap();
    let (_, signature) = theirs.rsplit_once('.').unwrap();
    assert_eq!(
        world.rejection(&format!("{signed}.{signature}")),
        Rejection::Signature
    );
}

#[test]
fn no_changed_token_is_taken() {
    let world = World::new();
    let token = world.issue();
    let nothing_else_is_taken = || {
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(world.verify(&changed).is_err(), "{at}");
        }
        for end in 0..token.len() {
            assert!(world.verify(&token[..end]).is_err(), "{end}");
        }
    };
    nothing_else_is_taken();
    // Nor once this one is remembered, whose signature the changed ones have.
    world.verify(&token).unwrap();
    nothing_else_is_taken();
}

#[test]
fn what_is_no_compact_token_is_refused() {
    let world = World::new();
    let token = world.issue();
    let padded = format!("{token}=");
    let four_parts = format!("{token}.x");
    let spaced = format!(" {token}");
    for text in [
        "",
        ".",
        "..",
        "x",
        "a.b.c",
        "é.é.é",
        &padded,
        &four_parts,
        &spaced,
    ] {
        assert!(world.verify(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_token_over_8_kib_is_refused_unread() {
    let world = World::new();
    let roles: Vec<_> = (0..800).map(|i| format!("role-{i}")).collect();
    let token = world.with_claim("roles", json!(roles));
    assert!(token.len() > MAX_TOKEN_BYTES);
    assert_eq!(world.rejection(&token), Rejection::TooLong);
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let world = World::new();
    for (claim, value) in [("iss", "other"), ("aud", "other")] {
        assert_eq!(
            world.rejection(&world.with_claim(claim, json!(value))),
            Rejection::Foreign
        );
    }
    // An audience of several is somebody else's token too.
    assert_eq!(
        world.rejection(&world.with_claim("aud", json!(["flights", "other"]))),
        Rejection::Malformed
    );
}

#[test]
fn a_missing_or_misshapen_claim_is_refused() {
    let world = World::new();
    for claim in [
        "iss",
        "aud",
        "sub",
        "email",
        "roles",
        "sid",
        "epoch",
        "amr",
        "auth_time",
        "iat",
        "nbf",
        "exp",
        "jti",
    ] {
        assert!(world.verify(&world.without_claim(claim)).is_err(), "{claim}");
    }
    for (claim, value) in [
        ("sub", json!("me")),
        ("sid", json!("x")),
        ("email", json!("nobody")),
        ("roles", json!("admin")),
        ("roles", json!(["Admin"])),
        ("exp", json!("never")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
    ] {
        assert_eq!(
            world.rejection(&world.with_claim(claim, value.clone())),
            Rejection::Malformed,
            "{claim} {value}"
        );
    }
}

#[test]
fn a_claim_that_is_said_twice_is_refused() {
    let world = World::new();
    let claims = world.claims().to_string();
    let twice = claims.replacen('{', r#"{"exp":9999999999,"#, 1);
    assert_eq!(
        world.rejection(&world.sign(&world.header().to_string(), &twice)),
        Rejection::Malformed
    );
}

#[test]
fn a_claim_that_we_do_not_write_may_not_stand_twice_either() {
    let world = World::new();
    let claims = world.claims().to_string();
    for twice in [
        r#"{"scope":"a","scope":"b","#,
        r#"{"scope":{"a":1,"a":2},"#,
        r#"{"\u0065xp":9999999999,"#,
    ] {
        let claims = claims.replacen('{', twice, 1);
        assert_eq!(
            world.rejection(&world.sign(&world.header().to_string(), &claims)),
            Rejection::Malformed,
            "{twice}"
        );
    }
    // Said once, it is none of our business (RFC 7519, section 4).
    assert!(world.verify(&world.with_claim("scope", json!("a"))).is_ok());
}

/// serde reads a struct out of an array of its values too.
#[test]
fn an_array_is_neither_header_nor_claims() {
    let world = World::new();
    let header = json!(["EdDSA", "JWT", world.key.kid()]).to_string();
    let claims = world.claims();
    assert_eq!(
        world.rejection(&world.sign(&header, &claims.to_string())),
        Rejection::Header
    );
    let names = [
        "iss", "aud", "sub", "email", "roles", "sid", "iat", "nbf", "exp", "jti",
    ];
    let values = Value::from_iter(names.map(|name| claims[name].clone()));
    assert_eq!(
        world.rejection(&world.sign(&world.header().to_string(), &values.to_string())),
        Rejection::Malformed
    );
}

#[test]
fn trailing_data_is_refused_in_either_part() {
    let world = World::new();
    let (header, claims) = (world.header().to_string(), world.claims().to_string());
    for junk in ["x", "{}", "\0", ","] {
        let header = format!("{header}{junk}");
        assert_eq!(world.rejection(&world.sign(&header, &claims)), Rejection::Header);
        let claims = format!("{claims}{junk}");
        assert_eq!(
            world.rejection(&world.sign(&world.header().to_string(), &claims)),
            Rejection::Malformed
        );
    }
}

#[test]
fn no_other_base64_of_a_token_is_that_token() {
    let world = World::new();
    let token = world.issue();
    let parts: Vec<_> = token.split('.').collect();
    let with = |at: usize, part: String| {
        let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        parts[at] = part;
        parts.join(".")
    };
    for (at, part) in parts.iter().enumerate() {
        let mut others = vec![
            format!("{part}="),
            format!("{part}=="),
            format!("{part}\n"),
            format!(" {part}"),
            format!("{}+", &part[..part.len() - 1]),
        ];
        // The last digit of a text that is no multiple of four has bits that say nothing: all but one of its variants are stray.
        if part.len() % 4 != 0 {
            let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let (rest, last) = part.split_at(part.len() - 1);
            others.extend(
                digits
                    .chars()
                    .filter(|digit| !last.starts_with(*digit))
                    .map(|digit| format!("{rest}{digit}")),
            );
        }
        for other in others {
            assert!(world.verify(&with(at, other.clone())).is_err(), "{other}");
        }
    }
    // A signature of 64 bytes has 86 digits, the last of which has four such bits.
    assert_eq!(parts[2].len() % 4, 2);
}

#[test]
fn times_that_are_no_whole_seconds_are_refused_and_huge_ones_do_no_harm() {
    let world = World::new();
    for claim in ["iat", "nbf", "exp"] {
        for value in [
            "-1",
            "1.5",
            "1e3",
            "18446744073709551616",
            "1e999",
            "true",
            "\"9\"",
            "null",
        ] {
            let mut claims = world.claims();
            claims[claim] = json!("@");
            let claims = claims.to_string().replace("\"@\"", value);
            assert_eq!(
                world.rejection(&world.sign(&world.header().to_string(), &claims)),
                Rejection::Malformed,
                "{claim} {value}"
            );
        }
    }
    let rejection = |claim, value: u64| world.rejection(&world.with_claim(claim, json!(value)));
    assert_eq!(rejection("nbf", u64::MAX), Rejection::NotYetValid);
    assert_eq!(rejection("exp", 0), Rejection::Expired);
    assert!(world.verify(&world.with_claim("exp", json!(u64::MAX))).is_ok());
}

/// The order of Ed25519's group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_second_signature_cannot_be_made_out_of_the_first() {
    let world = World::new();
    let token = world.issue();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut carry = 0;
    for (digit, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        *digit = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let malleated = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
    assert_eq!(world.rejection(&malleated), Rejection::Signature);
    for length in [0, 32, 63, 65, 128] {
        signature.resize(length, 0);
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        assert_eq!(world.rejection(&token), Rejection::Signature, "{length}");
    }
}

/// With a key of small order, one signature would be good for every message: lenient verifiers take this one.
#[test]
fn a_key_of_small_order_verifies_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = Jwk::new(&identity);
    let mut signature = [0; 64];
    signature[0] = 1;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    let lenient = |message: &[u8]| {
        ed25519_dalek::Verifier::verify(&key, message, &ed25519_dalek::Signature::from_bytes(&signature))
    };
    assert!(lenient(b"one").is_ok() && lenient(b"another").is_ok());
    assert!(!weak.verifies(b"one", &signature));

    let world = World::new();
    let set = JwkSet {
        keys: vec![weak.clone()],
    };
    block_on(publish_key_set(&world.store, &set)).unwrap();
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": weak.kid}).to_string();
    let token = world.sign(&header, &world.claims().to_string());
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(world.rejection(&forged), Rejection::Signature);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic_or_is_taken(text: String) {
        proptest::prop_assert!(World::new().verify(&text).is_err());
    }

    #[test]
    fn no_header_and_claims_make_it_panic(header: String, claims: String) {
        let world = World::new();
        proptest::prop_assert!(world.verify(&world.sign(&header, &claims)).is_err());
        let _ = world.verify(&world.sign(&world.header().to_string(), &claims));
    }
}

#[test]
fn a_token_is_valid_until_its_very_end() {
    let world = World::new();
    let token = world.issue();
    world.clock.advance(Duration::from_secs(599));
    assert!(world.verify(&token).is_ok());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.rejection(&token), Rejection::Expired);
}

#[test]
fn an_issuer_may_be_30_seconds_ahead() {
    let world = World::new();
    assert!(
        world
            .verify(&world.with_claim("nbf", json!(world.now() + 30)))
            .is_ok()
    );
    let early = world.with_claim("nbf", json!(world.now() + 31));
    assert_eq!(world.rejection(&early), Rejection::NotYetValid);
}

#[test]
fn a_sign_out_is_known_within_a_second_and_for_good() {
    let world = World::new();
    let token = world.issue();
    world.verify(&token).unwrap();
    let until = world.clock.now().after(Duration::from_secs(600));
    block_on(announce_sign_out(&world.store, world.session, until)).unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.rejection(&token), Rejection::Revoked);
    // An end is final: even where the store forgets it, this instance does not.
    world.store.clear();
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.rejection(&token), Rejection::Revoked);
}

#[test]
fn a_change_of_the_user_is_known_within_a_second_and_for_good() {
    let world = World::new();
    let before = world.issue();
    world.verify(&before).unwrap();
    block_on(raise_epoch(&world.store, world.user)).unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.rejection(&before), Rejection::Revoked);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.rejection(&before), Rejection::Revoked);
}

#[test]
fn a_token_from_after_a_change_is_good_at_once() {
    let world = World::new();
    let before = world.issue();
    world.verify(&before).unwrap();
    block_on(raise_epoch(&world.store, world.user)).unwrap();
    let after = world.issue();
    assert!(world.verify(&after).is_ok());
    // And what the store was asked for the one is known for the other.
    assert_eq!(world.rejection(&before), Rejection::Revoked);
}

#[test]
fn a_token_of_no_epoch_that_there_ever_was_is_refused() {
    let world = World::new();
    for epoch in [json!(1), json!(u64::MAX)] {
        assert_eq!(
            world.rejection(&world.with_claim("epoch", epoch)),
            Rejection::Revoked
        );
    }
    for epoch in [json!(-1), json!("0"), json!(0.5), Value::Null] {
        assert_eq!(
            world.rejection(&world.with_claim("epoch", epoch)),
            Rejection::Malformed
        );
    }
}

#[test]
fn a_store_that_has_lost_everything_lets_nobody_in() {
    let world = World::new();
    let token = world.issue();
    let until = world.clock.now().after(Duration::from_secs(600));
    block_on(announce_sign_out(&world.store, world.session, until)).unwrap();
    // Another session's token keeps the key in this instance's memory.
    let other = world.with_claim("sid", json!(SessionId::generate(&world.clock, &world.entropy)));
    world.verify(&other).unwrap();
    world.store.clear();
    assert_eq!(world.rejection(&token), Rejection::Revoked);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.rejection(&other), Rejection::Revoked);
}

#[test]
fn a_second_token_of_the_second_asks_the_store_nothing() {
    let world = World::new();
    let token = world.issue();
    world.verify(&token).unwrap();
    let reads = world.store.reads();
    world.verify(&token).unwrap();
    assert_eq!(world.store.reads(), reads);
}

#[test]
fn a_token_that_was_good_once_still_ends() {
    let world = World::new();
    let token = world.issue();
    let verdict_after = |change: &dyn Fn(&World)| {
        assert!(world.verify(&token).is_ok());
        change(&world);
        world.verify(&token)
    };
    let other = Verifier::new(&world.store, &world.clock, &world.cache, "jetway", "others");
    assert!(world.verify(&token).is_ok());
    assert_eq!(
        block_on(other.verify(&token)).unwrap_err(),
        VerifyError::Rejected(Rejection::Foreign)
    );
    assert_eq!(world.rejection(&format!("{token}x")), Rejection::Malformed);
    let withdrawn = verdict_after(&|world| {
        world.publish(&[]);
        world.clock.advance(Duration::from_secs(61));
    });
    assert_eq!(
        withdrawn.unwrap_err(),
        VerifyError::Rejected(Rejection::UnknownKey)
    );
    world.publish(&[&world.key]);
    let expired = verdict_after(&|world| world.clock.advance(Duration::from_secs(600)));
    assert_eq!(expired.unwrap_err(), VerifyError::Rejected(Rejection::Expired));
}

#[test]
fn an_instance_that_meets_very_many_tokens_stays_small_and_right() {
    let world = World::new();
    let first = world.issue();
    for _ in 0..1100 {
        assert!(world.verify(&world.issue()).is_ok());
    }
    assert!(world.verify(&first).is_ok());
}

#[test]
fn a_new_key_is_found_with_one_more_look() {
    let world = World::new();
    world.verify(&world.issue()).unwrap();
    let new = SigningKey::generate(&world.entropy);
    world.publish(&[&new, &world.key]);
    assert!(world.verify(&world.issue_with(&new)).is_ok());
    assert!(world.verify(&world.issue()).is_ok());
    let unknown = world.issue_with(&SigningKey::generate(&world.entropy));
    let reads = world.store.reads();
    assert_eq!(world.rejection(&unknown), Rejection::UnknownKey);
    assert_eq!(world.store.reads(), reads + 1);
}

#[test]
fn a_withdrawn_key_stops_verifying_within_a_minute() {
    let world = World::new();
    let token = world.issue();
    world.verify(&token).unwrap();
    world.publish(&[&SigningKey::generate(&world.entropy)]);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.rejection(&token), Rejection::UnknownKey);
}

#[test]
fn without_published_keys_nobody_is_waved_on() {
    let world = World::new();
    world.store.clear();
    assert_eq!(world.rejection(&world.issue()), Rejection::UnknownKey);
}

#[test]
fn without_the_store_nothing_can_be_told() {
    let world = World::new();
    let token = world.issue();
    world.store.set_down(true);
    assert!(matches!(world.verify(&token), Err(VerifyError::Unavailable(_))));
}
