//! `GET /healthz` and `GET /readyz`.

use http::Method;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp, raw};

#[tokio::test]
async fn a_gateway_that_runs_is_alive_and_ready() {
    let app = TestApp::shared();

    app.get("/healthz").await.expect_json(200);
    app.get("/readyz").await.expect_json(200);
    app.call(Method::HEAD, "/healthz").await.expect_empty(200);
}

#[tokio::test]
async fn readiness_makes_the_database_and_the_keys() {
    let app = TestApp::start();

    app.get("/readyz").await.expect_json(200);

    let jwks = app.get("/.well-known/jwks.json").await.json();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn being_alive_needs_nothing() {
    let app = Setup::in_front_of(Upstream::dead(), Upstream::dead())
        .with(&[("bcrypt_cost", "99"), ("issuer", "")])
        .start();

    app.get("/healthz").await.expect_json(200);
}

#[tokio::test]
async fn a_dead_upstream_is_not_ready() {
    for (flights, bookings) in [
        (Upstream::dead(), Upstream::echo()),
        (Upstream::echo(), Upstream::dead()),
    ] {
        let app = TestApp::in_front_of(flights, bookings);

        app.get("/readyz").await.expect_problem(503, "not_ready");
        app.get("/healthz").await.expect_json(200);
    }
}

#[tokio::test]
async fn wrong_methods_name_the_right_ones() {
    let app = TestApp::shared();

    for path in ["/healthz", "/readyz"] {
        let answer = app.post(path).await;
        answer.expect_problem(405, "method_not_allowed");
        assert!(answer.header("allow").unwrap().contains("GET"));
    }
}

#[tokio::test]
async fn the_private_checks_are_private() {
    let app = TestApp::shared();

    for path in ["/internal/ready", "/internal/", "/internal/ready/"] {
        app.get(path).await.expect_problem(404, "not_found");
        // The runtime refuses a request from outside that names a component as its host; Spin does so without a word.
        let headers = "host: signin.spin.internal\r\n";
        let answer = raw::exchange_bytes(
            app.address(),
            format!("GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n"),
        );
        let answer = String::from_utf8(answer.await).unwrap();
        let refused = ["HTTP/1.1 400 ", "HTTP/1.1 404 "];
        assert!(
            answer.is_empty() || refused.iter().any(|line| answer.starts_with(line)),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_bad_variable_is_refused_with_its_name_at_the_first_request_and_by_readiness() {
    let cases = [
        ("bcrypt_cost", "twelve"),
        ("bcrypt_cost", "99"),
        ("access_token_ttl", "soon"),
        ("refresh_token_ttl", "-1"),
        ("rate_limit_default", "many"),
        ("rate_limit_signin", "10"),
        ("signin_slowdown", "5;w=900"),
        ("require_verified_email", "maybe"),
        ("trusted_proxies", "10.0.0.0/99"),
        // Everybody (express-rate-limit: ERR_ERL_PERMISSIVE_TRUST_PROXY).
        ("trusted_proxies", "10.0.0.0/8, 0.0.0.0/0"),
        ("trusted_proxy_header", "x-real-ip"),
        ("client_ipv6_prefix", "24"),
        ("client_ipv6_prefix", "/64"),
    ];
    for (variable, value) in cases {
        let app = TestApp::with(&[(variable, value)]);

        let not_ready = app.get("/readyz").await.expect_problem(503, "misconfigured");
        let refused = app
            .sign_in("ada@example.com", "any password")
            .await
            .expect_problem(503, "misconfigured");

        for problem in [not_ready, refused] {
            assert!(
                problem["detail"].as_str().unwrap().contains(variable),
                "{problem}"
            );
        }
    }
}
