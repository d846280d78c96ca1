//! Every error is a problem document, with the id of the request.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

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

#[tokio::test]
async fn a_refusal_does_not_end_the_connection() {
    let demo = Demo::start().await;
    let mut connection = TcpStream::connect(demo.bookings.address()).await.unwrap();
    for _ in 0..2 {
        let head = "POST /api/v1/bookings HTTP/1.1\r\nhost: bookings\r\ncontent-length: 2\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        // Who is not signed in could be refused by now.
        let mut answer = [0; 1024];
        let early = timeout(Duration::from_millis(100), connection.read(&mut answer)).await;
        assert!(early.is_err(), "{early:?}");
        connection.write_all(b"{}").await.unwrap();
        let read = connection.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 401 "));
    }
}
