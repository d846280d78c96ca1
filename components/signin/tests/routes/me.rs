//! `GET /api/v1/me` and `PUT /api/v1/me/password`.

use std::time::Duration;

use jetway_gateway::domain::RecoveryCode;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, Tokens, assert_problem, json_of, tokens_of};

#[test]
fn a_user_sees_their_account() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let me = json_of(&app.get("/api/v1/me", &app.sign_in("ada@example.com")));
    let expected = json!({
        "id": me["id"], "email": "ada@example.com", "roles": ["customer"], "created_at": "2026-01-02T03:04:05.678Z",
        "email_verified": false,
    });
    assert_eq!(me, expected);
}

#[test]
fn an_account_that_is_gone_is_nobodys() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    app.ports
        .databases
        .run("PRAGMA foreign_keys = ON; DELETE FROM users");
    assert_problem(&app.get("/api/v1/me", &tokens), 401, "invalid_token");
}

fn change(app: &TestApp, tokens: &Tokens, body: &Value) -> jetway_gateway::http::Response {
    app.call("PUT", "/api/v1/me/password", Some(&tokens.access), Some(body))
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let (here, there) = (app.sign_in("ada@example.com"), app.sign_in("ada@example.com"));

    let answer = change(
        &app,
        &here,
        &json!({"current_password": PASSWORD, "new_password": "a brand new one"}),
    );

    assert_eq!(answer.status(), 204);
    let app = app.fresh_instance();
    assert_eq!(app.get("/api/v1/me", &here).status(), 200);
    assert_problem(&app.get("/api/v1/me", &there), 401, "invalid_token");
    assert_problem(
        &app.try_sign_in("ada@example.com", PASSWORD),
        401,
        "invalid_credentials",
    );
    assert_eq!(
        app.try_sign_in("ada@example.com", "a brand new one").status(),
        200
    );
}

#[test]
fn a_wrong_current_or_a_bad_new_password_changes_nothing() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    let wrong = change(
        &app,
        &tokens,
        &json!({"current_password": "wrong", "new_password": "a brand new one"}),
    );
    assert_problem(&wrong, 401, "invalid_credentials");
    let short = change(
        &app,
        &tokens,
        &json!({"current_password": PASSWORD, "new_password": "short"}),
    );
    assert_problem(&short, 422, "invalid_request");
    assert_eq!(json_of(&short)["errors"][0]["pointer"], "/new_password");
    assert_eq!(app.try_sign_in("ada@example.com", PASSWORD).status(), 200);
}

/// Ada, who has a second factor, a session from before it, and recovery codes.
fn with_second_factor(app: &TestApp) -> (Tokens, Vec<String>) {
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    let codes: Vec<_> = (0..2)
        .map(|_| RecoveryCode::generate(&app.ports.entropy))
        .collect();
    app.ports.databases.run(
        "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
            SELECT id, zeroblob(20), created_at, created_at FROM users",
    );
    for code in &codes {
        let hash = code.hash();
        app.ports.databases.run(&format!(
            "INSERT INTO recovery_codes (hash, user_id, created_at) SELECT '{}', id, created_at FROM users",
            hash.as_str()
        ));
    }
    (tokens, codes.iter().map(RecoveryCode::reveal).collect())
}

#[test]
fn with_a_second_factor_the_password_alone_weakens_nothing() {
    let new = "a brand new password";
    for (method, path, body, done) in [
        ("DELETE", "/api/v1/me", json!({"password": PASSWORD}), 204),
        ("POST", "/api/v1/me/delete", json!({"password": PASSWORD}), 204),
        (
            "PATCH",
            "/api/v1/me",
            json!({"email": "eve@example.com", "current_password": PASSWORD}),
            202,
        ),
        (
            "PUT",
            "/api/v1/me/password",
            json!({"current_password": PASSWORD, "new_password": new}),
            204,
        ),
    ] {
        let app = TestApp::new();
        let (tokens, codes) = with_second_factor(&app);
        let call = |body| app.call(method, path, Some(&tokens.access), Some(body));
        let refused = call(&body);
        assert_problem(&refused, 401, "mfa_required");
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains("insufficient_user_authentication"),
            "{challenge}"
        );
        let mut with_code = body.clone();
        with_code["recovery_code"] = json!(codes[0]);
        assert_eq!(call(&with_code).status(), done, "{method} {path}");
    }
}

#[test]
fn a_code_that_was_used_for_one_act_is_worth_nothing_for_another() {
    let app = TestApp::new();
    let (tokens, codes) = with_second_factor(&app);
    let body = json!({"email": "eve@example.com", "current_password": PASSWORD, "recovery_code": codes[0]});
    let call = || app.call("PATCH", "/api/v1/me", Some(&tokens.access), Some(&body));
    assert_eq!(call().status(), 202);
    assert_problem(&call(), 401, "mfa_code_invalid");
}

#[test]
fn without_a_body_an_account_is_deleted_by_who_has_signed_in_just_now() {
    for (method, path) in [("DELETE", "/api/v1/me"), ("POST", "/api/v1/me/delete")] {
        let app = TestApp::new();
        app.sign_up("ada@example.com");
        let before = app.sign_in("ada@example.com");
        app.ports.clock.advance(Duration::from_secs(301));
        let refused = app.call(method, path, Some(&before.access), None);
        assert_problem(&refused, 401, "recent_signin_required");
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("max_age=300"), "{challenge}");
        // To refresh is not to sign in.
        let refreshed = tokens_of(&app.refresh(&before.refresh));
        let refused = app.call(method, path, Some(&refreshed.access), None);
        assert_problem(&refused, 401, "recent_signin_required");
        let now = app.sign_in("ada@example.com");
        assert_eq!(app.call(method, path, Some(&now.access), None).status(), 204);
    }
}
