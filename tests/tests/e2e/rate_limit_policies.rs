//! Several policies at once: by client, by e-mail address, by user, by route, each a line of configuration.

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::limits::{policies, remaining, retry_after};
use jetway_tests::{Answer, TestApp};

fn names(answer: &Answer) -> Vec<String> {
    let mut names: Vec<_> = policies(answer).into_iter().map(|policy| policy.name).collect();
    names.sort();
    names
}

#[track_caller]
fn assert_violated(answer: &Answer, policy: &str) {
    let problem = answer.expect_problem(429, "rate_limited");
    assert_eq!(
        problem["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded"
    );
    assert_eq!(problem["violated-policies"], serde_json::json!([policy]));
    let shown = remaining(answer);
    assert_eq!(
        (shown.len(), shown[0].name.as_str(), shown[0].remaining),
        (1, policy, 0)
    );
    assert_eq!(retry_after(answer), shown[0].reset);
}

#[tokio::test]
async fn a_user_has_one_quota_wherever_they_come_from_and_nobody_else_can_use_it_up() {
    let app = TestApp::with(&[("rate_limit_user", "3;w=31622400")]);
    let (ann, bob) = (app.new_user().await, app.new_user().await);
    // Tokens that are not good, whoever's they say they are, count for nobody.
    for _ in 0..5 {
        let forged = format!("{}x", ann.access_token);
        app.get("/api/v1/flights")
            .token(&forged)
            .await
            .expect_problem(401, "invalid_token");
    }

    for client in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        let answer = app.get("/api/v1/flights").by(&ann).from(client).await;
        answer.expect(200);
        assert_eq!(names(&answer), ["default", "user"]);
        assert_eq!(remaining(&answer)[0].name, "user", "the tightest");
    }
    // Nor does another route or another session help.
    let again = app.signed_in_again(&ann).await;
    for (user, path) in [
        (&ann, "/api/v1/bookings"),
        (&again, "/api/v1/flights"),
        (&again, "/api/v1/roles"),
    ] {
        assert_violated(&app.get(path).by(user).from("127.0.0.4").await, "user");
    }
    app.get("/api/v1/flights").by(&bob).await.expect(200);
    app.get("/api/v1/flights").await.expect(200);
}

#[tokio::test]
async fn a_route_has_a_quota_for_all_that_a_single_client_cannot_use_up_alone() {
    let app = TestApp::with(&[
        ("rate_limit_default", "3;w=31622400"),
        ("rate_limit_flights", "5;w=31622400"),
    ]);
    for client in ["127.0.0.1", "127.0.0.2"] {
        for _ in 0..2 {
            app.get("/api/v1/flights").from(client).await.expect(200);
        }
    }
    app.get("/api/v1/bookings")
        .from("127.0.0.1")
        .await
        .expect_problem(401, "unauthenticated");
    // Refused for themselves, they take nothing from the route.
    for _ in 0..4 {
        assert_violated(&app.get("/api/v1/flights").from("127.0.0.1").await, "default");
    }

    app.get("/api/v1/flights/7").from("127.0.0.3").await.expect(200);
    assert_violated(&app.get("/api/v1/flights").from("127.0.0.4").await, "flights");

    app.get("/api/v1/bookings")
        .from("127.0.0.4")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn all_policies_are_named_and_the_tightest_is_shown() {
    let app = TestApp::with(&[
        ("rate_limit_default", "10;w=31622400, 100;w=3600"),
        ("rate_limit_user", "7;w=31622400"),
        ("rate_limit_flights", "1000;w=31622400"),
        ("rate_limit_signin", "9;w=31622400, 4;w=31622400;by=email"),
    ]);
    let user = app.new_user().await;

    let search = app.get("/api/v1/flights").by(&user).await;
    let sign_in = app.sign_in(&new_email(), PASSWORD).await;

    assert_eq!(names(&search), ["default", "default-3600s", "flights", "user"]);
    assert_eq!(
        (remaining(&search).len(), remaining(&search)[0].remaining),
        (1, 6)
    );
    assert_eq!(names(&sign_in), ["signin", "signin-email"]);
    assert_eq!(
        (
            remaining(&sign_in)[0].name.as_str(),
            remaining(&sign_in)[0].remaining
        ),
        ("signin-email", 3)
    );
}

#[tokio::test]
async fn an_empty_variable_turns_a_line_off() {
    let app = TestApp::with(&[
        ("rate_limit_user", ""),
        ("rate_limit_flights", ""),
        ("rate_limit_default", "5;w=31622400"),
    ]);
    let answer = app.get("/api/v1/flights").await;
    assert_eq!(names(&answer), ["default"]);
}

#[tokio::test]
async fn a_bad_limit_is_refused_with_its_name() {
    for (variable, value) in [
        ("rate_limit_user", "3"),
        ("client_ipv6_prefix", "129"),
        ("trusted_proxy_header", "x-real-ip"),
    ] {
        let app = TestApp::with(&[(variable, value)]);
        let answer = app.get("/api/v1/flights").await;
        let detail = answer.expect_problem(503, "misconfigured")["detail"].to_string();
        assert!(detail.contains(variable), "{detail}");
        app.get("/readyz").await.expect_problem(503, "misconfigured");
    }
}
