//! How many requests pass, and what the headers say of it.
//!
//! The windows are as long as a window can be, 366 days, so that no test meets the end of one.

use std::time::{Duration, Instant};

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::limits::{Policy, policies, remaining, retry_after};
use jetway_tests::{Answer, Setup, TestApp};
use tokio::task::JoinSet;

fn policy(name: &str, quota: i64, window: i64) -> Policy {
    Policy {
        name: name.to_owned(),
        quota,
        window,
    }
}

/// Quota and window of each policy, the smallest first: their order in the header says nothing.
#[track_caller]
fn quotas(answer: &Answer) -> Vec<(i64, i64)> {
    let mut quotas: Vec<_> = policies(answer)
        .iter()
        .map(|policy| (policy.quota, policy.window))
        .collect();
    quotas.sort_unstable();
    quotas
}

/// The problem of a request that is one too many.
#[track_caller]
fn assert_limited(answer: &Answer, violated: &str) {
    let problem = answer.expect_problem(429, "rate_limited");
    assert_eq!(problem["violated-policies"], serde_json::json!([violated]));
    let wait = retry_after(answer);
    assert!(wait > 0, "{wait}");
    let limit = remaining(answer)
        .into_iter()
        .find(|limit| limit.name == violated)
        .unwrap();
    assert_eq!(limit.remaining, 0);
    assert!(
        (limit.reset - wait).abs() <= 1,
        "{limit:?} and Retry-After {wait}"
    );
}

#[tokio::test]
async fn exactly_the_quota_passes() {
    let app = TestApp::with(&[("rate_limit_default", "5;w=31622400")]);

    for used in 1..=5 {
        let answer = app.get("/api/v1/flights").await;
        answer.expect(200);
        assert_eq!(policies(&answer), [policy("default", 5, 31622400)]);
        let limits = remaining(&answer);
        assert_eq!(limits.len(), 1);
        assert_eq!(
            (limits[0].name.as_str(), limits[0].remaining),
            ("default", 5 - used)
        );
        assert!((1..=31622400).contains(&limits[0].reset));
    }

    for _ in 0..3 {
        let answer = app.get("/api/v1/flights").await;
        assert_limited(&answer, "default");
        assert_eq!(policies(&answer), [policy("default", 5, 31622400)]);
    }
}

#[tokio::test]
async fn exactly_the_quota_passes_when_all_come_at_once() {
    let app = TestApp::with(&[("rate_limit_default", "50;w=31622400")]);

    let calls: JoinSet<_> = (0..150)
        .map(|_| app.get("/api/v1/flights").into_future())
        .collect();

    assert_eq!(passed(calls).await, 50);
}

#[tokio::test]
async fn two_gateways_on_one_store_count_together() {
    let one = TestApp::with(&[("rate_limit_default", "40;w=31622400")]);
    let other = one.another();

    let calls: JoinSet<_> = (0..120)
        .map(|each| [&one, &other][each % 2].get("/api/v1/flights").into_future())
        .collect();

    assert_eq!(passed(calls).await, 40);
}

async fn passed(mut calls: JoinSet<Answer>) -> usize {
    let mut passed = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            200 => passed += 1,
            _ => drop(answer.expect_problem(429, "rate_limited")),
        }
    }
    passed
}

#[tokio::test]
async fn a_new_window_is_a_new_quota() {
    let app = TestApp::with(&[("rate_limit_default", "1;w=3")]);
    let start = Instant::now();
    let mut answers = Vec::new();
    while start.elapsed() < Duration::from_secs(20)
        && answers.iter().filter(|&&status| status == 200).count() < 3
    {
        let answer = app.get("/api/v1/flights").await;
        answers.push(answer.status.as_u16());
        if answer.status == 429 {
            tokio::time::sleep(Duration::from_secs(retry_after(&answer).try_into().unwrap())).await;
        }
    }

    assert_eq!(
        answers.iter().filter(|&&status| status == 200).count(),
        3,
        "{answers:?}"
    );
    // Whoever waits as long as Retry-After says is not refused twice in a row.
    assert!(!answers.windows(2).any(|two| two == [429, 429]), "{answers:?}");
}

#[tokio::test]
async fn each_client_has_a_quota_of_its_own() {
    let app = TestApp::with(&[("rate_limit_default", "2;w=31622400")]);

    for client in ["127.0.0.1", "127.0.0.2", "127.1.2.3"] {
        for _ in 0..2 {
            app.get("/api/v1/flights").from(client).await.expect(200);
        }
        assert_limited(&app.get("/api/v1/flights").from(client).await, "default");
    }
}

#[tokio::test]
async fn routes_with_limits_of_their_own_count_apart() {
    let app = TestApp::with(&[
        ("rate_limit_default", "2;w=31622400"),
        ("rate_limit_signup", "1;w=31622400"),
        ("rate_limit_signin", "1;w=31622400, 100;w=31622400;by=email"),
    ]);

    let signed_up = app.sign_up(&new_email()).await;
    signed_up.expect_json(201);
    assert_eq!(policies(&signed_up), [policy("signup", 1, 31622400)]);
    assert_limited(&app.sign_up(&new_email()).await, "signup");

    app.sign_in(&new_email(), PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    assert_limited(&app.sign_in(&new_email(), PASSWORD).await, "signin");

    // One quota for all the rest, whichever route.
    app.get("/api/v1/flights").await.expect(200);
    app.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    for path in [
        "/api/v1/me",
        "/api/v1/roles",
        "/api/v1/bookings",
        "/api/v1/flights",
    ] {
        assert_limited(&app.get(path).await, "default");
    }
}

#[tokio::test]
async fn a_refused_request_counts_whatever_refused_it() {
    let app = TestApp::with(&[("rate_limit_signup", "3;w=31622400")]);

    app.post("/api/v1/signup")
        .await
        .expect_problem(415, "unsupported_media_type");
    app.post("/api/v1/signup")
        .typed_body("application/json", "{")
        .await
        .expect_problem(400, "malformed_json");
    let third = app.sign_up("no address").await;
    third.expect_invalid("/email");
    assert_eq!(remaining(&third)[0].remaining, 0);

    assert_limited(&app.sign_up(&new_email()).await, "signup");
}

#[tokio::test]
async fn the_limit_comes_before_the_question_who_it_is() {
    let app = TestApp::with(&[("rate_limit_default", "1;w=31622400")]);
    app.get("/api/v1/roles")
        .await
        .expect_problem(401, "unauthenticated");

    assert_limited(&app.get("/api/v1/roles").await, "default");
    assert_limited(&app.get("/api/v1/roles").token("x.y.z").await, "default");
}

#[tokio::test]
async fn one_address_is_tried_a_few_times_whoever_tries() {
    let app = TestApp::with(&[("rate_limit_signin", "100;w=31622400, 3;w=31622400;by=email")]);
    let user = app.new_user_from("127.9.9.9").await;

    // The user's own sign-in was the first of three.
    for client in ["127.0.0.2", "127.0.0.3"] {
        let answer = app.sign_in(&user.email, "wrong password").from(client).await;
        answer.expect_problem(401, "invalid_credentials");
        assert_eq!(quotas(&answer), [(3, 31622400), (100, 31622400)]);
        assert_eq!(remaining(&answer).len(), 1, "the tightest alone");
    }
    let answer = app.sign_in(&user.email, "wrong password").from("127.0.0.4").await;
    let problem = answer.expect_problem(429, "rate_limited");
    let by_email = policies(&answer)
        .into_iter()
        .find(|policy| policy.quota == 3)
        .unwrap();
    assert_eq!(problem["violated-policies"], serde_json::json!([by_email.name]));
    assert!(retry_after(&answer) > 0);

    // Nor does the right password help, nor other letters; another address is another matter.
    app.sign_in(&user.email, PASSWORD)
        .from("127.0.0.5")
        .await
        .expect_problem(429, "rate_limited");
    app.sign_in(&user.email.to_uppercase(), PASSWORD)
        .from("127.0.0.6")
        .await
        .expect_problem(429, "rate_limited");
    let other = app.sign_in(&new_email(), PASSWORD).from("127.0.0.4").await;
    other.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn an_unknown_address_is_limited_like_a_known_one() {
    let app = TestApp::with(&[("rate_limit_signin", "100;w=31622400, 2;w=31622400;by=email")]);
    let email = new_email();

    for _ in 0..2 {
        app.sign_in(&email, "wrong password")
            .await
            .expect_problem(401, "invalid_credentials");
    }

    app.sign_in(&email, "wrong password")
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn guesses_for_one_address_at_once_are_counted_exactly() {
    let app = TestApp::with(&[("rate_limit_signin", "1000;w=31622400, 5;w=31622400;by=email")]);
    let email = new_email();

    let mut calls: JoinSet<_> = (0..30)
        .map(|_| app.sign_in(&email, "wrong password").into_future())
        .collect();
    let mut tried = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            401 => tried += 1,
            _ => drop(answer.expect_problem(429, "rate_limited")),
        }
    }

    assert_eq!(tried, 5);
}

#[tokio::test]
async fn the_limits_without_any_variable_are_those_of_the_contract() {
    let app = Setup::usual().with_defaults_of("rate_limit_").start();

    let search = app.get("/api/v1/flights").await;
    let sign_up = app.sign_up(&new_email()).await;
    let sign_in = app.sign_in(&new_email(), PASSWORD).await;

    assert_eq!(policies(&search), [policy("default", 300, 60)]);
    assert_eq!(policies(&sign_up), [policy("signup", 10, 3600)]);
    assert_eq!(quotas(&sign_in), [(5, 60), (10, 60)]);
}

#[tokio::test]
async fn health_is_not_limited() {
    let app = TestApp::with(&[("rate_limit_default", "1;w=31622400")]);

    for _ in 0..5 {
        app.get("/healthz").await.expect(200);
        app.call(Method::GET, "/readyz").await.expect(200);
    }
}
