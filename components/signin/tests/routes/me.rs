//! `GET /api/v1/me` and `PUT /api/v1/me/password`.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, Tokens, assert_problem, json_of};

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
