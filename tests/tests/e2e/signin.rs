//! `POST /api/v1/signin`.

use std::time::{Duration, Instant};

use http::HeaderMap;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Answer, Setup, TestApp, tokens};
use serde_json::json;
use time::OffsetDateTime;

#[tokio::test]
async fn a_session_is_answered_whole() {
    let app = Setup::usual().with_defaults_of("access_token_ttl").start();
    let email = new_email();
    let user = app.sign_up(&email).await.expect_json(201);

    let answer = app.sign_in(&email, PASSWORD).await;

    let session = answer.expect_json(200);
    let expected = json!({
        "access_token": "…",
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": "…",
        "user": {"id": user["id"], "email": email, "roles": ["customer"]},
    });
    assert_eq!(answer.masked(&["access_token", "refresh_token"]), expected);
    // 256 random bits, as base64url without padding.
    assert_eq!(session["refresh_token"].as_str().unwrap().len(), 43);
    // RFC 6749 section 5.1: no cache may keep a token.
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_access_token_says_what_the_contract_says() {
    let app = Setup::usual().with_defaults_of("access_token_ttl").start();
    let user = app.new_user().await;
    let jwks = app.get("/.well-known/jwks.json").await.json();

    let (header, claims) = tokens::read(&user.access_token);

    assert!(tokens::is_signed_by(&user.access_token, &jwks));
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(claims["iss"], "jetway");
    assert_eq!(claims["aud"], "jetway");
    assert_eq!(claims["sub"], user.id);
    assert_eq!(claims["email"], user.email);
    assert_eq!(claims["roles"], json!(["customer"]));
    let seconds = |claim: &str| claims[claim].as_i64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 600);
    assert_eq!(seconds("nbf"), seconds("iat"));
    assert!((OffsetDateTime::now_utc().unix_timestamp() - seconds("iat")).abs() < 60);
    assert!(!claims["sid"].as_str().unwrap().is_empty());
    assert!(!claims["jti"].as_str().unwrap().is_empty());
    assert!(claims["epoch"].is_u64());
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert!((0..60).contains(&(seconds("iat") - seconds("auth_time"))));
    let members: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members.len(), 13, "{members:?}");
}

#[tokio::test]
async fn each_sign_in_is_a_session_of_its_own() {
    let app = TestApp::shared();
    let first = app.new_user().await;

    let second = app.signed_in_again(&first).await;

    let (first, second) = (
        tokens::read(&first.access_token).1,
        tokens::read(&second.access_token).1,
    );
    assert_ne!(first["sid"], second["sid"]);
    assert_ne!(first["jti"], second["jti"]);
}

#[tokio::test]
async fn an_unknown_address_looks_like_a_wrong_password() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let wrong = app
        .sign_in(&user.email, "not the password")
        .header("x-request-id", "same-for-both")
        .await;
    let unknown = app
        .sign_in(&new_email(), "not the password")
        .header("x-request-id", "same-for-both")
        .await;

    wrong.expect_problem(401, "invalid_credentials");
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(comparable_headers(&wrong), comparable_headers(&unknown));
}

/// The headers but for those that say when.
fn comparable_headers(answer: &Answer) -> HeaderMap {
    let mut headers = answer.headers.clone();
    for changing in ["date", "ratelimit"] {
        headers.remove(changing);
    }
    headers
}

/// An address that costs no hash to refuse would answer some hundred times faster at this cost, so that a factor of two
/// between the medians is far from both what is right and what would be wrong.
#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let app = TestApp::with(&[("bcrypt_cost", "10")]);
    let user = app.new_user().await;
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        wrong.push(time_of_refusal(&app, &user.email).await);
        unknown.push(time_of_refusal(&app, &new_email()).await);
    }

    let ratio = median(wrong).as_secs_f64() / median(unknown).as_secs_f64();

    assert!(
        (0.5..2.0).contains(&ratio),
        "a wrong password takes {ratio} times as long"
    );
}

async fn time_of_refusal(app: &TestApp, email: &str) -> Duration {
    let start = Instant::now();
    app.sign_in(email, "not the password")
        .await
        .expect_problem(401, "invalid_credentials");
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_password_that_no_account_can_have_is_only_wrong() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    // The rules for new passwords are sign-up's: an attacker learns nothing about them here.
    app.sign_in(&user.email, "short")
        .await
        .expect_problem(401, "invalid_credentials");
    app.sign_in(&user.email, &"x".repeat(129))
        .await
        .expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_password_is_never_cut() {
    let app = TestApp::shared();
    let email = new_email();
    let longest = "correct horse battery! ".repeat(6)[..127].to_owned();
    let body = json!({"email": email, "password": longest});
    app.post("/api/v1/signup").json(&body).await.expect_json(201);

    app.sign_in(&email, &longest).await.expect_json(200);
    app.sign_in(&email, &longest[..126])
        .await
        .expect_problem(401, "invalid_credentials");
    app.sign_in(&email, &format!("{longest}x"))
        .await
        .expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn issuer_and_audience_are_variables() {
    let app = TestApp::with(&[("issuer", "https://gate.example"), ("audience", "platform")]);
    let user = app.new_user().await;

    let (_, claims) = tokens::read(&user.access_token);

    assert_eq!(claims["iss"], "https://gate.example");
    assert_eq!(claims["aud"], "platform");
    app.get("/api/v1/auth/check").by(&user).await.expect(200);
}
