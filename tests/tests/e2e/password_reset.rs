//! `POST /api/v1/password/forgot` and `/reset`.

use std::time::Duration;

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::{TestApp, User, state};
use serde_json::json;
use tokio::task::JoinSet;

const NEW: &str = "another fine password";
const REQUESTED: &str = "password.reset_requested";

fn forgot(app: &TestApp, email: &str) -> Call {
    app.post("/api/v1/password/forgot").json(&json!({"email": email}))
}

fn reset(app: &TestApp, token: &str, new: &str) -> Call {
    app.post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": new}))
}

async fn forgetful(app: &TestApp) -> (User, String) {
    let user = app.new_user().await;
    forgot(app, &user.email).await.expect_empty(202);
    let token = app.mail(REQUESTED, &user.id).token;
    (user, token)
}

#[tokio::test]
async fn the_new_password_is_the_only_one_and_the_address_is_verified() {
    let app = TestApp::shared();
    let (user, token) = forgetful(app).await;

    reset(app, &token, NEW).await.expect_empty(204);

    app.sign_in(&user.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    let again = User::from_answer(&app.sign_in(&user.email, NEW).await.expect_json(200), NEW);
    let me = app.get("/api/v1/me").by(&again).await.expect_json(200);
    assert_eq!(me["email_verified"], true);
    assert_eq!(app.mails("password.reset", &user.id), 1);
}

#[tokio::test]
async fn the_new_password_keeps_the_rules_and_the_token_is_not_spent_on_one_that_does_not() {
    let app = TestApp::shared();
    let (user, token) = forgetful(app).await;
    let name = user.email.split('@').next().unwrap();

    for (new, code) in [
        ("iloveyou", "password_too_common"),
        ("Password123!", "password_too_guessable"),
        (
            format!("it is {name}, nobody else").as_str(),
            "password_contains_email",
        ),
    ] {
        let refused = reset(app, &token, new).await;
        assert_eq!(refused.expect_invalid("/new_password"), code);
    }

    reset(app, &token, NEW).await.expect_empty(204);
}

#[tokio::test]
async fn every_session_ends() {
    let app = TestApp::shared();
    let (user, token) = forgetful(app).await;
    let other = app.signed_in_again(&user).await;

    reset(app, &token, NEW).await.expect_empty(204);

    for session in [&user, &other] {
        app.refresh(session)
            .await
            .expect_problem(401, "invalid_refresh_token");
        app.eventually(401, || app.get("/api/v1/auth/check").by(session))
            .await;
    }
}

#[tokio::test]
async fn a_token_that_is_used_unknown_or_for_something_else_is_refused_alike() {
    let app = TestApp::shared();
    let (user, token) = forgetful(app).await;
    let verifies = app.mail("email.verification_requested", &user.id).token;
    reset(app, &token, NEW).await.expect_empty(204);

    for bad in [token.as_str(), &verifies, &"A".repeat(43), "", "x"] {
        reset(app, bad, "yet another password")
            .await
            .expect_problem(422, "token_invalid");
    }
    app.sign_in(&user.email, NEW).await.expect_json(200);
}

#[tokio::test]
async fn a_token_expires() {
    let app = TestApp::with(&[("password_token_ttl", "1s")]);
    let (_, token) = forgetful(&app).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;

    reset(&app, &token, NEW)
        .await
        .expect_problem(422, "token_invalid");
}

#[tokio::test]
async fn a_bad_password_does_not_use_the_token_up() {
    let app = TestApp::shared();
    let (_, token) = forgetful(app).await;

    reset(app, &token, "short").await.expect_invalid("/new_password");

    reset(app, &token, NEW).await.expect_empty(204);
}

#[tokio::test]
async fn of_two_resets_with_one_token_at_once_one_wins() {
    let app = TestApp::shared();
    let (user, token) = forgetful(app).await;
    let candidate = |each: usize| format!("fine password number {each}");

    let mut calls: JoinSet<_> = (0..10)
        .map(|each| {
            let call = reset(app, &token, &candidate(each)).into_future();
            async move { (each, call.await) }
        })
        .collect();
    let mut winners = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let (each, answer) = answer.unwrap();
        match answer.status.as_u16() {
            204 => winners.push(each),
            _ => drop(answer.expect_problem(422, "token_invalid")),
        }
    }

    assert_eq!(winners.len(), 1);
    app.sign_in(&user.email, &candidate(winners[0]))
        .await
        .expect_json(200);
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_there_is_an_account() {
    let app = TestApp::start();
    let known = new_email();
    app.sign_up(&known).await.expect_json(201);
    let events = app.rows_in("outbox");

    let nobody = forgot(&app, &new_email()).await;

    nobody.expect_empty(202);
    assert_eq!(app.rows_in("outbox"), events, "a mail to nobody");
    forgot(&app, &known).await.expect_empty(202);
    assert_eq!(app.rows_in("outbox"), events + 1);
}

#[tokio::test]
async fn bad_input_is_refused() {
    let app = TestApp::shared();

    for path in ["/api/v1/password/forgot", "/api/v1/password/reset"] {
        app.post(path)
            .typed_body("application/json", "[")
            .await
            .expect_problem(400, "malformed_json");
        app.get(path).await.expect_problem(405, "method_not_allowed");
    }
    assert_eq!(
        forgot(app, "nobody").await.expect_invalid("/email"),
        "email_malformed"
    );
    let missing = app
        .post("/api/v1/password/reset")
        .json(&json!({"new_password": NEW}));
    assert_eq!(missing.await.expect_invalid("/token"), "missing_field");
}

#[tokio::test]
async fn a_dropped_table_is_a_500_that_says_nothing() {
    let app = TestApp::start();
    app.new_user().await;
    state::database(&app.state())
        .execute_batch("DROP TABLE one_time_tokens")
        .unwrap();

    let token = "A".repeat(43);
    for answer in [forgot(&app, &new_email()).await, reset(&app, &token, NEW).await] {
        answer.expect_problem(500, "internal_error");
    }
}
