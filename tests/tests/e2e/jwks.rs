//! `GET /.well-known/jwks.json`.

use jetway_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_public_keys_are_published_whole_and_alone() {
    let app = TestApp::shared();
    app.new_user().await;

    let answer = app.get("/.well-known/jwks.json").await;

    answer.expect(200);
    let expected = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "…", "x": "…"},
        {
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "…", "x": "…",
            "https://jetway.dev/purpose": "assertion",
        },
    ]});
    let masked = answer.masked(&["keys.0.kid", "keys.0.x", "keys.1.kid", "keys.1.x"]);
    assert_eq!(masked, expected);
    let length = answer.body.len().to_string();
    assert_eq!(answer.header("content-length"), Some(length.as_str()));
    // Verifiers may keep it, so that they do not ask for each token.
    assert!(
        answer
            .header("cache-control")
            .is_some_and(|value| value.contains("max-age")),
        "{}",
        answer.describe()
    );
}
