//! Every error is a problem document, with the id of the request.

use reqwest::{Method, StatusCode};

use crate::client::{ALICE, Demo};

#[tokio::test]
async fn an_error_is_a_problem_with_the_request_id() {
    let demo = Demo::start().await;
    let request = demo
        .flight_request(Method::GET, "/api/v1/flights/none")
        .header("x-request-id", "abc-1");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["x-request-id"], "abc-1");
    let problem: serde_json::Value = response.json().await.unwrap();
    assert_eq!(problem["type"], "https://jetway.dev/problems/not-found");
    assert_eq!(
        (&problem["code"], &problem["request_id"]),
        (&"not_found".into(), &"abc-1".into())
    );
}

#[tokio::test]
async fn a_wrong_method_says_what_is_allowed() {
    let demo = Demo::start().await;
    let response = demo
        .booking_request(Method::PUT, "/api/v1/bookings")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
    let problem: serde_json::Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "method_not_allowed");
}

#[tokio::test]
async fn bad_bodies_have_a_code_each() {
    let demo = Demo::start().await;
    for (content_type, body, code) in [
        ("application/json", "{", "malformed_json"),
        ("application/json", r#"{"seats": 1}"#, "invalid_request"),
        (
            "application/json",
            r#"{"flight_id": 1, "seats": 1}"#,
            "invalid_request",
        ),
        ("text/plain", "{}", "unsupported_media_type"),
    ] {
        let request = demo
            .booking_request(Method::POST, "/api/v1/bookings")
            .header("x-user-id", ALICE);
        let response = request
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{body}");
    }
}

#[tokio::test]
async fn both_services_say_that_they_live() {
    let demo = Demo::start().await;
    for request in [
        demo.flight_request(Method::GET, "/healthz"),
        demo.booking_request(Method::GET, "/healthz"),
    ] {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
}
