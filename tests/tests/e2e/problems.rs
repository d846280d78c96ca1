//! Every error is a problem+json, and every answer has a request id.

use http::Method;
use jetway_tests::app::new_email;
use jetway_tests::{TestApp, raw};
use uuid::Uuid;

#[tokio::test]
async fn an_unknown_path_is_a_problem_wherever_it_lies() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for path in [
        "/",
        "/nosuch",
        "/favicon.ico",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nosuch",
        "/.well-known/",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            app.call(method.clone(), path)
                .await
                .expect_problem(404, "not_found");
            app.call(method, path)
                .by(&user)
                .await
                .expect_problem(404, "not_found");
        }
        app.call(Method::HEAD, path).await.expect_empty(404);
    }
}

#[tokio::test]
async fn a_path_below_a_route_is_a_problem() {
    let app = TestApp::shared();

    for path in [
        "/api/v1/signup/x",
        "/api/v1/signin/",
        "/api/v1/token",
        "/api/v1/token/refresh/x",
        "/healthz/x",
    ] {
        app.post(path).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let app = TestApp::shared();
    let routes = [
        ("/api/v1/signup", "POST"),
        ("/api/v1/signin", "POST"),
        ("/api/v1/token/refresh", "POST"),
        ("/api/v1/auth/check", "GET"),
        ("/.well-known/jwks.json", "GET"),
        ("/api/v1/admin/bootstrap", "POST"),
    ];
    for (path, right) in routes {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if method.as_str() == right {
                continue;
            }
            let answer = app.call(method, path).await;
            answer.expect_problem(405, "method_not_allowed");
            let allowed: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
            assert!(allowed.contains(&right), "{path}: {allowed:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_on_a_signed_in_route_is_a_problem_too() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for (method, path, right) in [
        (Method::GET, "/api/v1/signout", "POST"),
        (Method::POST, "/api/v1/me", "GET"),
    ] {
        let answer = app.call(method, path).by(&user).await;
        answer.expect_problem(405, "method_not_allowed");
        assert!(answer.header("allow").unwrap().contains(right));
    }
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let ids = ["0198c0de-0000-7000-8000-000000000000", "trace_1.2-3"];

    for id in ids {
        for call in [
            app.get("/nosuch"),
            app.get("/healthz"),
            app.get("/api/v1/me").by(&user),
            app.get("/api/v1/flights"),
        ] {
            assert_eq!(
                call.header("x-request-id", id).await.header("x-request-id"),
                Some(id)
            );
        }
    }
}

#[tokio::test]
async fn any_other_request_id_is_replaced() {
    let app = TestApp::shared();

    for id in ["", "two words", "<script>", &"x".repeat(1000), "\"quoted\""] {
        let answer = app.get("/nosuch").header("x-request-id", id).await;
        answer.expect_problem(404, "not_found");
        assert!(
            Uuid::parse_str(answer.header("x-request-id").unwrap()).is_ok(),
            "{id:?}"
        );
    }
    let two = app
        .get("/nosuch")
        .header("x-request-id", "one")
        .header("x-request-id", "two")
        .await;
    two.expect_problem(404, "not_found");
}

#[tokio::test]
async fn each_answer_has_a_request_id_of_its_own() {
    let app = TestApp::shared();

    let (one, other) = (app.get("/healthz").await, app.get("/healthz").await);

    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_problem_does_not_repeat_what_it_was_sent() {
    let app = TestApp::shared();

    let answer = app.get("/<script>alert(1)</script>?q=<b>").await;

    answer.expect_problem(404, "not_found");
    assert!(!String::from_utf8_lossy(&answer.body).contains("<script>"));
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let app = TestApp::shared();

    app.call(Method::HEAD, "/api/v1/bookings").await.expect_empty(401);
    app.call(Method::HEAD, "/api/v1/signup").await.expect_empty(405);
}

#[tokio::test]
async fn a_long_or_odd_target_is_a_problem() {
    let app = TestApp::shared();

    for target in [
        "//",
        "/api//v1/me",
        "/api/v1/%6de",
        "/%00",
        &format!("/{}", "x".repeat(7000)),
    ] {
        raw::get(app.address(), target, "")
            .await
            .expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_refused_sign_up_has_the_content_length_that_its_client_waits_for() {
    let app = TestApp::shared();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    let answer = app.sign_up(&email).await;

    answer.expect_problem(409, "email_taken");
    assert_eq!(answer.header("transfer-encoding"), None);
}
