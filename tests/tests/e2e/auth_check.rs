//! `GET /api/v1/auth/check`, and what every guarded route does with a token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jetway_tests::{Answer, TestApp, tokens};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_signed_in_user_is_told_to_the_gateway_that_asks() {
    let app = TestApp::shared();
    let user = app.new_user_with_role("airline").await;

    let answer = app.get("/api/v1/auth/check").by(&user).await;

    answer.expect(200);
    assert_eq!(answer.header("x-user-id"), Some(user.id.as_str()));
    assert_eq!(answer.header("x-user-email"), Some(user.email.as_str()));
    assert_eq!(answer.header("x-user-roles"), Some("airline,customer"));
}

#[tokio::test]
async fn a_role_can_be_asked_for() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    app.get("/api/v1/auth/check?role=customer")
        .by(&user)
        .await
        .expect(200);
    app.get("/api/v1/auth/check?role=admin")
        .by(app.admin().await)
        .await
        .expect(200);

    let refused = app.get("/api/v1/auth/check?role=admin").by(&user).await;
    refused.expect_problem(403, "forbidden");
    assert_eq!(refused.header("x-user-id"), None);
    app.get("/api/v1/auth/check?role=nosuchrole")
        .by(&user)
        .await
        .expect_problem(403, "forbidden");
    app.get("/api/v1/auth/check?role=admin")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_is_nobody() {
    let app = TestApp::shared();

    let answer = app.get("/api/v1/auth/check").header("x-user-id", "me").await;

    answer.expect_problem(401, "unauthenticated");
    assert_eq!(answer.header("x-user-id"), None);
    // RFC 6750 section 3.1: no error code where no token was sent.
    assert!(!answer.header("www-authenticate").unwrap().contains("error"));
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case() {
    let app = TestApp::shared();
    let token = app.new_user().await.access_token;
    let check = |value: String| app.get("/api/v1/auth/check").header("authorization", value);

    check(format!("bearer {token}")).await.expect(200);
    check(format!("BEARER {token}")).await.expect(200);
    // What is of another scheme is no token of ours (RFC 6750, section 3.1).
    for none in [format!("Basic {token}"), token.clone()] {
        check(none).await.expect_problem(401, "unauthenticated");
    }
    for other in ["Bearer".to_owned(), format!("Bearer {token} x")] {
        assert_refused(&check(other).await);
    }
}

#[tokio::test]
async fn two_tokens_are_no_token() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    assert_refused(&app.get("/api/v1/auth/check").by(&ada).by(&bob).await);
}

#[tokio::test]
async fn a_token_in_the_query_or_a_cookie_does_not_count() {
    let app = TestApp::shared();
    let token = app.new_user().await.access_token;

    let query = app.get(&format!("/api/v1/auth/check?access_token={token}")).await;
    let cookie = app
        .get("/api/v1/auth/check")
        .header("cookie", format!("access_token={token}"))
        .await;

    query.expect_problem(401, "unauthenticated");
    cookie.expect_problem(401, "unauthenticated");
}

/// An answer to a token that is none, which tells nothing but that.
#[track_caller]
fn assert_refused(answer: &Answer) {
    let problem = answer.json();
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(
        matches!(code, "invalid_token" | "unauthenticated"),
        "{}",
        answer.describe()
    );
    answer.expect_problem(401, code);
    assert_eq!(answer.header("x-user-id"), None);
}

#[tokio::test]
async fn a_forged_token_is_refused_everywhere() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for (forgery, token) in forgeries(
        &user.access_token,
        &app.get("/.well-known/jwks.json").await.json(),
    ) {
        // The flights are for everybody; and still a token that is sent has to be right.
        for path in [
            "/api/v1/auth/check",
            "/api/v1/me",
            "/api/v1/roles",
            "/api/v1/bookings",
            "/api/v1/flights",
        ] {
            let answer = app.get(path).token(&token).await;
            assert_eq!(answer.status, 401, "{forgery} at {path}: {}", answer.describe());
            let problem = answer.expect_problem(401, "invalid_token");
            // RFC 6750 section 3.1.
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
            assert!(
                !problem.to_string().contains(&token),
                "the answer repeats the token"
            );
        }
    }
}

/// Tokens that look like `token` and are not signed by the gateway for what they say.
fn forgeries(token: &str, jwks: &Value) -> Vec<(&'static str, String)> {
    let (header, claims) = tokens::read(token);
    let public = BASE64URL.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let with = |value: &Value, member: &str, change: Value| {
        let mut value = value.clone();
        value[member] = change;
        value
    };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let admin = with(&claims, "roles", json!(["admin", "customer"]));
    let none = with(&header, "alg", json!("none"));
    let hs256 = with(&header, "alg", json!("HS256"));
    vec![
        (
            "other claims under the old signature",
            format!("{}.{signature}", tokens::unsigned(&header, &admin)),
        ),
        ("no signature", format!("{signed}.")),
        ("alg none", format!("{}.", tokens::unsigned(&none, &admin))),
        (
            "alg none with a signature",
            format!("{}.{signature}", tokens::unsigned(&none, &claims)),
        ),
        (
            "the public key as a secret",
            tokens::forge_with_secret(&hs256, &claims, &public),
        ),
        ("another key under our kid", tokens::forge(&header, &claims)),
        (
            "another key under its own kid",
            tokens::forge(&with(&header, "kid", json!("mine")), &claims),
        ),
        (
            "a kid that is a path",
            tokens::forge(&with(&header, "kid", json!("../../jwks")), &claims),
        ),
        (
            "a key in the header",
            tokens::forge(&with(&header, "jwk", jwks["keys"][0].clone()), &claims),
        ),
        ("a cut signature", token[..token.len() - 8].to_owned()),
        ("not a token", "eyJhbGciOiJFZERTQSJ9".to_owned()),
        ("three dots", "...".to_owned()),
        ("very long", "a".repeat(20_000)),
    ]
}

#[tokio::test]
async fn an_access_token_ends_with_its_time() {
    let app = TestApp::with(&[("access_token_ttl", "2")]);
    let user = app.new_user().await;
    app.get("/api/v1/auth/check").by(&user).await.expect(200);

    tokio::time::sleep(Duration::from_millis(3100)).await;

    for path in [
        "/api/v1/auth/check",
        "/api/v1/me",
        "/api/v1/bookings",
        "/api/v1/flights",
    ] {
        app.get(path).by(&user).await.expect_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_or_audience_is_foreign() {
    let app = TestApp::start();
    let user = app.new_user().await;

    for variable in ["issuer", "audience"] {
        let other = app.another_with(&[(variable, "elsewhere")]);
        other
            .get("/api/v1/auth/check")
            .by(&user)
            .await
            .expect_problem(401, "invalid_token");
        other
            .get("/api/v1/me")
            .by(&user)
            .await
            .expect_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_token_of_another_gateway_is_foreign() {
    let (one, other) = (TestApp::start(), TestApp::start());
    let user = one.new_user().await;
    other.new_user().await;

    other
        .get("/api/v1/auth/check")
        .by(&user)
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    app.get("/api/v1/auth/check")
        .token(&user.refresh_token)
        .await
        .expect_problem(401, "invalid_token");
    app.get("/api/v1/auth/check")
        .token(&Uuid::nil().to_string())
        .await
        .expect_problem(401, "invalid_token");
}
