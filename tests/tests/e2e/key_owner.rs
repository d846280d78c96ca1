//! Whoever can write the key-value store cannot make tokens: keys are good by the word of `signin`, not of the store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::SigningKey;
use jetway_tests::{TestApp, state, tokens};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const WAYS_IN: [&str; 5] = [
    "/api/v1/auth/check",
    "/api/v1/bookings",
    "/api/v1/flights",
    "/api/v1/me",
    "/api/v1/users",
];

/// The public half of the key that `tokens::forge` signs with, in the form of the gateway's own.
fn own_key() -> Value {
    let x = BASE64URL.encode(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
        "kid": BASE64URL.encode(thumbprint), "x": x,
    })
}

fn write_key_set(app: &TestApp, change: impl FnOnce(&mut Vec<Value>)) {
    let store = state::key_value(&app.state());
    let of_set = "FROM spin_key_value WHERE key = 'jwks/set'";
    let text: Vec<u8> = store
        .query_row(&format!("SELECT value {of_set}"), [], |row| row.get(0))
        .unwrap();
    let mut set: Value = serde_json::from_slice(&text).unwrap();
    change(set["keys"].as_array_mut().unwrap());
    let written = store.execute(
        "UPDATE spin_key_value SET value = ?1 WHERE key = 'jwks/set'",
        [serde_json::to_vec(&set).unwrap()],
    );
    assert_eq!(written.unwrap(), 1);
}

#[tokio::test]
async fn a_key_that_only_the_store_names_makes_no_administrator() {
    let mut app = TestApp::start();
    let admin = app.admin().await.access_token.clone();
    let (mut header, claims) = tokens::read(&admin);
    header["kid"] = own_key()["kid"].clone();
    let forged = tokens::forge(&header, &claims);

    // Beside the gateway's keys, before them, and alone; to instances that know the keys, and to fresh ones.
    for round in 0..3 {
        write_key_set(&app, |keys| match round {
            0 => keys.push(own_key()),
            1 => keys.insert(0, own_key()),
            _ => *keys = vec![own_key()],
        });
        for path in WAYS_IN {
            let answer = app.get(path).token(&forged).await;
            answer.expect_problem(401, "invalid_token");
        }
        let published = app.get("/.well-known/jwks.json").await.json();
        let keys = published["keys"].as_array().unwrap();
        assert!(!keys.contains(&own_key()), "the world is told the owner's keys");
        app.restart();
    }
}

#[tokio::test]
async fn a_key_under_the_name_of_one_of_ours_is_no_key() {
    let app = TestApp::start();
    let admin = app.admin().await.access_token.clone();
    let (header, claims) = tokens::read(&admin);

    write_key_set(&app, |keys| {
        let mut fake = own_key();
        fake["kid"] = header["kid"].clone();
        keys.insert(0, fake);
    });

    let forged = tokens::forge(&header, &claims);
    for path in WAYS_IN {
        app.get(path)
            .token(&forged)
            .await
            .expect_problem(401, "invalid_token");
    }
    app.get("/api/v1/users").token(&admin).await.expect_json(200);
}
