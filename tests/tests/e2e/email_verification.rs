//! `POST /api/v1/email/verify` and `/resend`, and the variable `require_verified_email`.

use std::time::Duration;

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::redis::Redis;
use jetway_tests::{TestApp, state};
use serde_json::json;
use tokio::task::JoinSet;

const REQUESTED: &str = "email.verification_requested";

fn verify(app: &TestApp, token: &str) -> Call {
    app.post("/api/v1/email/verify").json(&json!({"token": token}))
}

fn resend(app: &TestApp, email: &str) -> Call {
    app.post("/api/v1/email/resend").json(&json!({"email": email}))
}

#[tokio::test]
async fn the_token_of_the_sign_up_mail_verifies_the_address() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;
    let mail = app.mail(REQUESTED, &user.id);
    assert_eq!(mail.data["email"], user.email.as_str());

    verify(app, &mail.token).by(&user).await.expect_empty(204);

    let me = app.get("/api/v1/me").by(&user).await.expect_json(200);
    assert_eq!(me["email_verified"], true);
    assert_eq!(app.mails("email.verified", &user.id), 1);
}

#[tokio::test]
async fn a_token_that_is_used_or_unknown_or_none_is_refused_alike() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;
    let token = app.mail(REQUESTED, &user.id).token;
    verify(app, &token).await.expect_empty(204);

    for bad in [token.as_str(), &"A".repeat(43), "", "x", &"y".repeat(5000)] {
        verify(app, bad).await.expect_problem(422, "token_invalid");
    }
}

#[tokio::test]
async fn a_token_expires() {
    let app = TestApp::with(&[("email_token_ttl", "1s")]);
    let user = app.new_unverified_user().await;
    let token = app.mail(REQUESTED, &user.id).token;
    tokio::time::sleep(Duration::from_millis(1200)).await;

    verify(&app, &token).await.expect_problem(422, "token_invalid");
}

#[tokio::test]
async fn of_many_requests_with_one_token_at_once_one_wins() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;
    let token = app.mail(REQUESTED, &user.id).token;

    let mut calls: JoinSet<_> = (0..20).map(|_| verify(app, &token).into_future()).collect();
    let mut won = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            204 => won += 1,
            _ => drop(answer.expect_problem(422, "token_invalid")),
        }
    }

    assert_eq!(won, 1);
}

#[tokio::test]
async fn another_mail_can_be_asked_for_signed_in_or_not() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;

    app.post("/api/v1/email/resend").by(&user).await.expect_empty(202);
    resend(app, &user.email.to_uppercase()).await.expect_empty(202);

    assert_eq!(app.mails(REQUESTED, &user.id), 3);
    verify(app, &app.mail(REQUESTED, &user.id).token)
        .await
        .expect_empty(204);
    resend(app, &user.email).await.expect_empty(202);
    assert_eq!(
        app.mails(REQUESTED, &user.id),
        3,
        "there is nothing left to verify"
    );
}

#[tokio::test]
async fn what_the_body_says_counts_and_a_stale_token_is_nothing() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_unverified_user().await, app.new_unverified_user().await);

    // Libraries send what they have with every request.
    for token in ["no.such.token", "", bob.access_token.as_str()] {
        resend(app, &ada.email).token(token).await.expect_empty(202);
    }
    resend(app, &ada.email)
        .header("authorization", "Basic YTpi")
        .await
        .expect_empty(202);

    assert_eq!(
        (app.mails(REQUESTED, &ada.id), app.mails(REQUESTED, &bob.id)),
        (5, 1)
    );
    // Nothing in the body, and the token counts.
    let empty = app.post("/api/v1/email/resend").json(&json!({})).by(&bob);
    empty.await.expect_empty(202);
    assert_eq!(app.mails(REQUESTED, &bob.id), 2);
    let nobody = app.post("/api/v1/email/resend").json(&json!({})).await;
    assert_eq!(nobody.expect_invalid("/email"), "missing_field");
    app.post("/api/v1/email/resend")
        .json(&json!({}))
        .token("no.such.token")
        .await
        .expect_problem(401, "invalid_token");
    // What is there and cannot be read is not passed over.
    app.post("/api/v1/email/resend")
        .by(&bob)
        .typed_body("application/json", "[")
        .await
        .expect_problem(400, "malformed_json");
}

#[tokio::test]
async fn a_stale_token_is_nothing_on_any_public_route() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;
    let email = json!({"email": user.email});
    let stale = |call: Call| call.token("no.such.token");

    stale(app.sign_up(&new_email())).await.expect(201);
    stale(app.post("/api/v1/password/forgot").json(&email))
        .await
        .expect_empty(202);
    let token = app.mail("password.reset_requested", &user.id).token;
    let reset = json!({"token": token, "new_password": PASSWORD});
    stale(app.post("/api/v1/password/reset").json(&reset))
        .await
        .expect(204);
    stale(app.sign_in(&user.email, PASSWORD)).await.expect_json(200);
    stale(app.post("/api/v1/signin/email").json(&email))
        .await
        .expect_empty(202);
    let user = app.new_unverified_user().await;
    stale(verify(app, &app.mail(REQUESTED, &user.id).token))
        .await
        .expect(204);
    stale(app.refresh(&app.new_user().await)).await.expect_json(200);
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_there_is_an_account() {
    let app = TestApp::start();
    let known = new_email();
    app.sign_up(&known).await.expect_json(201);
    let events = app.rows_in("outbox");

    let nobody = resend(&app, &new_email()).await;

    nobody.expect_empty(202);
    assert_eq!(app.rows_in("outbox"), events, "a mail to nobody");
    let mut somebody = resend(&app, &known).await.headers;
    let mut nobody = nobody.headers;
    for varying in ["x-request-id", "date", "ratelimit"] {
        somebody.remove(varying);
        nobody.remove(varying);
    }
    assert_eq!(somebody, nobody);
}

#[tokio::test]
async fn a_mailbox_cannot_be_bombed() {
    let app = TestApp::with(&[("rate_limit_email", "1000;w=3600, 3;w=3600;by=email")]);
    let user = app.new_unverified_user().await;

    for _ in 0..3 {
        resend(&app, &user.email).await.expect_empty(202);
    }

    resend(&app, &user.email.to_uppercase())
        .await
        .expect_problem(429, "rate_limited");
    let forgot = app
        .post("/api/v1/password/forgot")
        .json(&json!({"email": user.email}));
    forgot.await.expect_problem(429, "rate_limited");
    app.post("/api/v1/email/resend")
        .by(&user)
        .await
        .expect_problem(429, "rate_limited");
    resend(&app, &new_email()).await.expect_empty(202);
    assert_eq!(app.mails(REQUESTED, &user.id), 4);
}

#[tokio::test]
async fn a_subscriber_of_the_events_cannot_use_them() {
    let redis = Redis::start();
    let mut events = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    let user = app.new_unverified_user().await;
    let token = app.mail(REQUESTED, &user.id).token;

    let (registered, requested) = (events.next().await, events.next().await);

    assert_eq!(requested["type"], "com.jetway.email.verification_requested.v1");
    assert!(!registered.to_string().contains(&token) && !requested.to_string().contains(&token));
    let id = requested["data"]["token_id"].as_str().unwrap();
    verify(&app, id).await.expect_problem(422, "token_invalid");
    assert!(!app.log().contains(&token));
    // Nor does the database have it, but for the mail itself, where that goes to the inbox.
    let database = state::database(&app.state());
    database.execute("DELETE FROM inbox", []).unwrap();
    database
        .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let disk = state::all_bytes(&app.state());
    assert!(!disk.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
}

#[tokio::test]
async fn bad_input_is_refused() {
    let app = TestApp::shared();

    for path in ["/api/v1/email/verify", "/api/v1/email/resend"] {
        app.post(path)
            .typed_body("application/json", "{")
            .await
            .expect_problem(400, "malformed_json");
        app.post(path)
            .body("{}")
            .await
            .expect_problem(415, "unsupported_media_type");
        app.get(path).await.expect_problem(405, "method_not_allowed");
    }
    assert_eq!(
        resend(app, "nobody").await.expect_invalid("/email"),
        "email_malformed"
    );
    let missing = app.post("/api/v1/email/verify").json(&json!({})).await;
    assert_eq!(missing.expect_invalid("/token"), "missing_field");
    let stranger = app.post("/api/v1/email/resend").token("no.such.token").await;
    stranger.expect_problem(401, "invalid_token");
    app.post("/api/v1/email/nosuch")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn where_addresses_must_be_verified_sign_up_does_not_tell_who_has_an_account() {
    let app = TestApp::with(&[("require_verified_email", "true")]);
    let email = new_email();

    let first = app.sign_up(&email).await;
    let again = app.sign_up(&email.to_uppercase()).await;

    first.expect_empty(202);
    again.expect_empty(202);
    assert_eq!(first.header("location"), None);
    let query = "SELECT id FROM users WHERE email = ?1";
    let id = state::text(&app.state(), query, &email);
    assert_eq!(app.mails("signup.attempted", &id), 1);
    assert_eq!(app.mails(REQUESTED, &id), 1);
    // The second try has changed nothing.
    verify(&app, &app.mail(REQUESTED, &id).token)
        .await
        .expect_empty(204);
    app.sign_in(&email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn a_dropped_table_is_a_500_that_says_nothing() {
    let app = TestApp::start();
    app.new_unverified_user().await;
    state::database(&app.state())
        .execute_batch("DROP TABLE one_time_tokens")
        .unwrap();

    let token = "A".repeat(43);
    for answer in [verify(&app, &token).await, resend(&app, &new_email()).await] {
        answer.expect_problem(500, "internal_error");
        assert!(!String::from_utf8_lossy(&answer.body).contains("one_time"));
    }
}

#[tokio::test]
async fn a_bad_variable_is_named() {
    for (name, value) in [("email_token_ttl", "0s"), ("require_verified_email", "maybe")] {
        let app = TestApp::with(&[(name, value)]);
        let problem = app
            .sign_up(&new_email())
            .await
            .expect_problem(503, "misconfigured");
        assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
    }
}
