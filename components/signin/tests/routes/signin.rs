//! `POST /api/v1/signin` and `POST /api/v1/token/refresh`.

use std::time::Duration;

use jetway_gateway::sessions::REFRESH_GRACE;
use jetway_gateway::test_support::TestVariables;
use serde_json::json;

use crate::app::{PASSWORD, TestApp, assert_problem, json_of, tokens_of};

#[test]
fn a_sign_in_is_answered_as_the_contract_says() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let answer = json_of(&app.try_sign_in("ada@example.com", PASSWORD));
    let members: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "access_token",
            "expires_in",
            "refresh_token",
            "token_type",
            "user"
        ]
    );
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    let user = &answer["user"];
    assert_eq!(
        *user,
        json!({"id": user["id"], "email": "ada@example.com", "roles": ["customer"]})
    );
}

#[test]
fn an_unknown_address_and_a_wrong_password_are_answered_with_the_same_bytes() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let wrong = app.try_sign_in("ada@example.com", "wrong password");
    assert_problem(&wrong, 401, "invalid_credentials");
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("nobody@example.com", "short"),
        ("ada@example.com", ""),
        ("ada@example.com", "nul\0nul\0nul"),
        ("ada@example.com", &"p".repeat(100)),
    ] {
        let answer = app.try_sign_in(email, password);
        assert_eq!(
            (answer.status(), answer.headers(), answer.body()),
            (wrong.status(), wrong.headers(), wrong.body())
        );
    }
}

#[test]
fn a_sixth_try_on_one_address_is_too_many_from_wherever_it_comes() {
    let app = TestApp::with(TestVariables::default());
    app.sign_up("ada@example.com");
    for (i, email) in [
        "ada@example.com",
        "ADA@example.com",
        "Ada@Example.com",
        "ada@example.com",
        "ada@example.com",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = app.try_sign_in(email, "wrong password");
        assert_problem(&answer, 401, "invalid_credentials");
        let standing = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(standing.contains(&format!("r={}", 4 - i)), "{standing}");
    }

    let answer = app.try_sign_in("ada@example.com", PASSWORD);

    assert_problem(&answer, 429, "rate_limited");
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((60..=63).contains(&wait), "{wait}");
    assert!(
        answer.headers()["ratelimit-policy"]
            .to_str()
            .unwrap()
            .contains("q=5;w=60")
    );
    assert_problem(
        &app.try_sign_in("bob@example.com", PASSWORD),
        401,
        "invalid_credentials",
    );
    app.ports.clock.advance(Duration::from_secs(wait));
    tokens_of(&app.try_sign_in("ada@example.com", PASSWORD));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let app = TestApp::with(TestVariables::default());
    app.sign_up("ada@example.com");
    app.ports.key_value.set_down(true);
    assert_problem(&app.try_sign_in("ada@example.com", PASSWORD), 503, "not_ready");
}

#[test]
fn a_text_that_is_no_address_is_422() {
    let answer = TestApp::new().try_sign_in("nobody", PASSWORD);
    assert_problem(&answer, 422, "invalid_request");
    assert_eq!(json_of(&answer)["errors"][0]["pointer"], "/email");
}

#[test]
fn a_refresh_is_answered_like_a_sign_in() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let first = app.sign_in("ada@example.com");
    let answer = app.refresh(&first.refresh);
    let second = tokens_of(&answer);
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(json_of(&answer)["user"]["email"], "ada@example.com");
    assert_eq!(app.get("/api/v1/me", &second).status(), 200);
}

#[test]
fn a_refresh_token_that_comes_again_at_once_is_given_the_same_successor() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let first = app.sign_in("ada@example.com");
    let next = tokens_of(&app.refresh(&first.refresh));
    let again = tokens_of(&app.refresh(&first.refresh));
    assert_eq!(again.refresh, next.refresh);
    assert_eq!(app.get("/api/v1/me", &again).status(), 200);
    assert_eq!(app.published.borrow().len(), 0);
}

#[test]
fn dead_and_replayed_refresh_tokens_are_answered_with_the_same_bytes() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let first = app.sign_in("ada@example.com");
    let next = tokens_of(&app.refresh(&first.refresh));
    app.refresh(&next.refresh);
    app.ports.clock.advance(REFRESH_GRACE + Duration::from_millis(1));
    let replayed = app.refresh(&first.refresh);
    assert_problem(&replayed, 401, "invalid_refresh_token");
    assert_eq!(
        app.published.borrow().len(),
        1,
        "the platform is told of the theft"
    );
    for token in ["", "x", &"A".repeat(43), &first.access, &first.refresh] {
        assert_eq!(app.refresh(token).body(), replayed.body());
    }
    assert_eq!(app.published.borrow().len(), 1);
}

#[test]
fn bad_bodies_are_refused() {
    let app = TestApp::new();
    for (body, status) in [
        (json!({"email": "a@b.c"}), 422),
        (json!([]), 422),
        (json!({"email": "a@b.c", "password": 1}), 422),
    ] {
        assert_eq!(
            app.call("POST", "/api/v1/signin", None, Some(&body)).status(),
            status,
            "{body}"
        );
    }
    assert_problem(
        &app.call("POST", "/api/v1/signin", None, None),
        415,
        "unsupported_media_type",
    );
}
