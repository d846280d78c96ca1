//! Guessing passwords: slowed down, from everywhere, and never at the cost of the account's owner.

use std::time::Duration;

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::limits::retry_after;
use jetway_tests::{Answer, Setup, TestApp, User, state};
use serde_json::json;
use tokio::task::JoinSet;

/// Three failures of one client are free, six of all clients of an address; the longest wait is longer than any test.
const SLOWDOWN: (&str, &str) = ("signin_slowdown", "3;email=6;w=86400;max=3600");

/// The cookie by which the gateway knows the device of this answer again, as a browser sends it back.
fn device_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Guesses from many clients until all strangers are slowed down by so much that no test waits for it.
async fn flood(app: &TestApp, email: &str) {
    for i in 1..=6 {
        let answer = app
            .sign_in(email, "not the password")
            .from(&format!("127.2.0.{i}"))
            .await;
        answer.expect_problem(401, "invalid_credentials");
    }
    let counters = state::keys(&app.state(), "rate-limit/");
    let counter = counters
        .iter()
        .find(|key| key.contains("/slowdown/") && key.contains("/email/"));
    // As if there had been ten more, each after its wait.
    let ten_more = "UPDATE spin_key_value SET value = x'1000000000000000' WHERE key LIKE '%/slowdown/%/email/%/failures'";
    assert!(counter.is_some(), "{counters:?}");
    state::key_value(&app.state()).execute_batch(ten_more).unwrap();
    let answer = app.sign_in(email, PASSWORD).from("127.2.0.99").await;
    answer.expect_problem(429, "too_many_failures");
    assert!(retry_after(&answer) > 500);
}

#[tokio::test]
async fn after_a_few_failures_one_is_told_when_to_come_again() {
    let app = TestApp::with(&[SLOWDOWN]);
    for email in [app.new_user().await.email, new_email()] {
        for _ in 0..3 {
            app.sign_in(&email, "not the password")
                .await
                .expect_problem(401, "invalid_credentials");
        }
        let answer = app.sign_in(&email, PASSWORD).await;
        let problem = answer.expect_problem(429, "too_many_failures");
        assert_eq!(retry_after(&answer), 1);
        assert_eq!(problem["detail"], "Try again in 1 seconds.");
    }
}

#[tokio::test]
async fn the_wait_is_over_when_it_was_said_to_be_and_a_success_ends_it() {
    let app = TestApp::with(&[SLOWDOWN]);
    let user = app.new_user().await;
    for _ in 0..3 {
        app.sign_in(&user.email, "not the password").await.expect(401);
    }
    tokio::time::sleep(Duration::from_millis(1100)).await;

    app.sign_in(&user.email, PASSWORD).await.expect_json(200);

    for _ in 0..3 {
        app.sign_in(&user.email, "not the password").await.expect(401);
    }
}

#[tokio::test]
async fn a_flood_from_elsewhere_never_stops_its_owner_at_a_device_that_has_signed_in_before() {
    let app = TestApp::with(&[SLOWDOWN]);
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    let answer = app.sign_in(&email, PASSWORD).await;
    answer.expect_json(200);
    let device = device_of(&answer);
    flood(&app, &email).await;

    // As a browser keeps it, from wherever its owner is; and as a client without cookies sends it.
    let by_cookie = app.sign_in(&email, PASSWORD).header("cookie", &device);
    by_cookie.from("127.3.0.1").await.expect_json(200);
    let value = device.split_once('=').unwrap().1;
    let by_header = app.sign_in(&email, PASSWORD).header("jetway-device", value);
    by_header.from("127.3.0.2").await.expect_json(200);

    // Without it even its owner waits, and it is good for no other address.
    app.sign_in(&email, PASSWORD)
        .await
        .expect_problem(429, "too_many_failures");
    let other = new_email();
    flood(&app, &other).await;
    app.sign_in(&other, PASSWORD)
        .header("cookie", &device)
        .await
        .expect_problem(429, "too_many_failures");
}

#[tokio::test]
async fn by_default_a_flood_leaves_a_known_device_its_own_limit() {
    let app = Setup::usual()
        .with_defaults_of("signin_slowdown")
        .with(&[("rate_limit_signin", "1000;w=60, 5;w=31622400;by=email")])
        .start();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    let device = device_of(&app.sign_in(&email, PASSWORD).await);
    for i in 1..=4 {
        let guess = app
            .sign_in(&email, "not the password")
            .from(&format!("127.2.0.{i}"));
        guess.await.expect(401);
    }
    app.sign_in(&email, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");

    app.sign_in(&email, PASSWORD)
        .header("cookie", &device)
        .await
        .expect_json(200);
}

#[tokio::test]
async fn a_device_is_known_after_a_restart_and_to_other_gateways_on_the_same_state() {
    let mut app = TestApp::with(&[SLOWDOWN]);
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    let device = device_of(&app.sign_in(&email, PASSWORD).await);
    flood(&app, &email).await;
    app.restart();

    let another = app.another();
    for app in [&app, &another] {
        let answer = app.sign_in(&email, PASSWORD).header("cookie", &device).await;
        answer.expect_json(200);
    }
}

#[tokio::test]
async fn many_failures_at_once_are_all_counted() {
    let app = TestApp::with(&[SLOWDOWN]);
    let email = new_email();
    let mut calls: JoinSet<_> = (0..30)
        .map(|_| app.sign_in(&email, "not the password").into_future())
        .collect();
    let mut tried = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            401 => tried += 1,
            _ => drop(answer.expect_problem(429, "too_many_failures")),
        }
    }
    // The three that are free; and on a machine that takes seconds for thirty requests, one more for each wait that is over.
    assert!((3..=5).contains(&tried), "{tried}");
    app.sign_in(&email, PASSWORD)
        .await
        .expect_problem(429, "too_many_failures");
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_an_event() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let first = app.sign_in(&user.email, PASSWORD).await;
    let news = |of: &str| {
        let query =
            "SELECT count(*) FROM outbox WHERE type = 'com.jetway.signin.new_device.v1' AND subject = ?1";
        state::number(&app.state(), query, of)
    };
    assert_eq!(news(&user.id), 1);
    let device = device_of(&first);
    let known = app.sign_in(&user.email, PASSWORD).header("cookie", &device).await;
    known.expect_json(200);
    assert_eq!(news(&user.id), 1);
}

#[tokio::test]
async fn the_device_cookie_authenticates_nothing() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let device = device_of(&app.sign_in(&user.email, PASSWORD).await);
    app.get("/api/v1/me")
        .header("cookie", &device)
        .await
        .expect_problem(401, "unauthenticated");
    app.sign_in(&user.email, "not the password")
        .header("cookie", &device)
        .await
        .expect_problem(401, "invalid_credentials");
}

/// Every route that takes the password of whoever is signed in.
fn own_acts(app: &TestApp, user: &User, password: &str) -> Vec<Call> {
    let path = "/api/v1/me/mfa/totp";
    let proof = json!({"current_password": password, "code": "000000"});
    vec![
        app.put("/api/v1/me/password")
            .json(&json!({"current_password": password, "new_password": "another horse battery"})),
        app.call(Method::PATCH, "/api/v1/me")
            .json(&json!({"email": new_email(), "current_password": password})),
        app.delete("/api/v1/me").json(&json!({"password": password})),
        app.post(path).json(&json!({"current_password": password})),
        app.delete(path).json(&proof),
        app.post("/api/v1/me/mfa/recovery-codes").json(&proof),
    ]
    .into_iter()
    .map(|call| call.by(user))
    .collect()
}

#[tokio::test]
async fn who_has_stolen_an_access_token_does_not_guess_the_password_with_it_and_stops_no_other_session() {
    let app = TestApp::with(&[SLOWDOWN]);
    let user = app.new_user().await;
    let owner = app.signed_in_again(&user).await;
    for (tried, call) in own_acts(&app, &user, "not the password").into_iter().enumerate() {
        let answer = call.await;
        if tried < 3 {
            answer.expect_problem(401, "invalid_credentials");
        } else {
            answer.expect_problem(429, "too_many_failures");
            assert_eq!(retry_after(&answer), 1);
        }
    }
    // Not even with the right one, until the wait is over.
    for call in own_acts(&app, &user, PASSWORD) {
        call.await.expect_problem(429, "too_many_failures");
    }
    // What takes no password is not held up, nor is the owner elsewhere.
    app.get("/api/v1/me").by(&user).await.expect(200);
    app.put("/api/v1/me/password")
        .by(&owner)
        .json(&json!({"current_password": PASSWORD, "new_password": "another horse battery"}))
        .await
        .expect_empty(204);
}

#[tokio::test]
async fn a_right_password_at_ones_own_account_forgets_the_wrong_ones() {
    let app = TestApp::with(&[SLOWDOWN]);
    let user = app.new_user().await;
    let change = |password: &str| {
        app.call(Method::PATCH, "/api/v1/me")
            .by(&user)
            .json(&json!({"email": new_email(), "current_password": password}))
    };
    for _ in 0..3 {
        for _ in 0..2 {
            change("not the password")
                .await
                .expect_problem(401, "invalid_credentials");
        }
        change(PASSWORD).await.expect_empty(202);
    }
}
