//! The public vectors of Wycheproof for Ed25519, JSON Web Signature and JSON Web Key.
//!
//! The vectors are not part of the repository; where they are not, the tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jetway_gateway::ports::KeyValue as _;
use jetway_gateway::test_support::{TestTokens, block_on};
use jetway_gateway::tokens::{Jwk, KEY_SET_KEY, Rejection, Verifier, VerifierCache, VerifyError};
use serde_json::{Value, json};

/// The groups of a file, or nothing where the vectors are not.
fn groups(file: &str) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("JETWAY_VECTORS").map_or_else(|| root.join("../shared/vectors"), PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join("wycheproof").join(file)) else {
        println!("not run: there are no vectors {file}");
        return None;
    };
    let mut vectors: Value = serde_json::from_str(&text).unwrap();
    Some(vectors["testGroups"].as_array_mut().unwrap().split_off(0))
}

fn tests(group: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let tests = group["tests"].as_array().unwrap().iter();
    tests.map(|test| (test, test["result"] == "valid"))
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// No deviation: what is valid is taken, and what is invalid is not.
#[test]
fn ed25519_signatures_are_verified_as_the_vectors_say() {
    let Some(groups) = groups("ed25519_test.json") else {
        return;
    };
    let mut counts = [0, 0];
    for group in &groups {
        let key = Jwk::new(&hex(&group["publicKey"]["pk"]).try_into().unwrap());
        assert_eq!(key.x, group["publicKeyJwk"]["x"].as_str().unwrap());
        for (test, valid) in tests(group) {
            let verified = key.verifies(&hex(&test["msg"]), &hex(&test["sig"]));
            assert_eq!(verified, valid, "{test}");
            counts[usize::from(valid)] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

/// Why a signature that is valid in itself is no access token of ours: the comments or algorithms that it is for, and the reason.
const DEVIATIONS: [(&[&str], &str); 4] = [
    (
        &[
            "InvalidCharacterInsertedInHeader",
            "InvalidCharacterInsertedInPayload",
        ],
        "a decoder that overlooks foreign characters lets one token have many texts",
    ),
    (
        &["HS256", "HS384", "HS512"],
        "whoever can verify a MAC can make one; the services that verify are not to issue",
    ),
    (
        &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        "RSA: EdDSA only, so that no header chooses how it is verified",
    ),
    (&["ES256", "ES512"], "ECDSA: likewise"),
];

/// Every one is refused, whatever it is, and before any key of it is looked at: none has our header. For those that are
/// valid that is a deviation, whose reason must be listed.
fn refuses_all(file: &str, key_of: impl Fn(&Value) -> Value) {
    let Some(groups) = groups(file) else { return };
    let tokens = TestTokens::default();
    let ours = block_on(tokens.store.get(KEY_SET_KEY)).unwrap().unwrap();
    let ours: Value = serde_json::from_slice(&ours).unwrap();
    let mut deviations = BTreeMap::new();
    for group in &groups {
        for (test, valid) in tests(group) {
            let jws = test["jws"].as_str().unwrap();
            // With the vector's own key among the published ones too: that does not make it one of ours.
            let with_theirs = json!({"keys": [ours["keys"][0], key_of(group)]});
            for (set, whose) in [(&ours, "ours"), (&with_theirs, "ours and theirs")] {
                block_on(tokens.store.set(KEY_SET_KEY, set.to_string().as_bytes())).unwrap();
                let cache = VerifierCache::trusting_the_store();
                let verifier = Verifier::new(&tokens.store, &tokens.clock, &cache, "jetway", "jetway");
                let error = block_on(verifier.verify(jws)).unwrap_err();
                let unread = matches!(
                    error,
                    VerifyError::Rejected(Rejection::Malformed | Rejection::Header)
                );
                assert!(unread, "{test} ({whose}): {error}");
            }
            if valid {
                let (comment, algorithm) = (test["comment"].as_str().unwrap(), algorithm(jws));
                let reason = DEVIATIONS
                    .iter()
                    .find(|(what, _)| what.contains(&comment) || what.contains(&algorithm.as_str()));
                assert!(reason.is_some(), "refused without a reason: {test}");
                *deviations.entry(algorithm).or_insert(0) += 1;
            }
        }
    }
    println!("{file}: valid, and refused all the same: {deviations:?}");
    assert!(!deviations.is_empty());
}

/// The algorithm that the header names, however it is encoded.
fn algorithm(jws: &str) -> String {
    let header = jws.split('.').next().unwrap().replace('?', "");
    let json = URL_SAFE_NO_PAD.decode(header.trim_end_matches('=')).unwrap();
    let header: Value = serde_json::from_slice(&json).unwrap();
    header["alg"].as_str().unwrap().to_owned()
}

#[test]
fn no_signature_of_another_kind_is_an_access_token() {
    refuses_all("json_web_signature_test.json", |group| {
        group.get("public").unwrap_or(&group["private"]).clone()
    });
}

#[test]
fn no_key_of_another_kind_verifies_an_access_token() {
    refuses_all("json_web_key_test.json", |group| {
        let key = group.get("public").unwrap_or(&group["private"]);
        key["keys"][0].clone()
    });
}

/// The keys themselves: none is of the one form that ours have. The deviation is the same: we take no other kind.
#[test]
fn no_key_of_another_kind_has_the_form_of_ours() {
    for file in ["json_web_key_test.json", "json_web_signature_test.json"] {
        for group in groups(file).into_iter().flatten() {
            for half in ["public", "private"] {
                let key = &group[half];
                let keys = key["keys"]
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![key.clone()]);
                for key in keys {
                    let parsed = serde_json::from_value::<Jwk>(key.clone());
                    assert!(!parsed.is_ok_and(|parsed| parsed.is_ours()), "{key}");
                }
            }
        }
    }
}
