//! What goes through the proxy: paths, methods, bodies, and what happens when the service does not answer.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use jetway_tests::app::unique;
use jetway_tests::upstream::{Seen, Upstream};
use jetway_tests::{TestApp, raw};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

type Pieces = ReceiverStream<Result<Bytes, Infallible>>;

/// A stream of the pieces that are sent into it.
fn stream() -> (mpsc::Sender<Result<Bytes, Infallible>>, Pieces) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, ReceiverStream::new(receiver))
}

#[tokio::test]
async fn path_and_query_go_on_byte_for_byte() {
    let app = TestApp::shared();

    for target in [
        "/api/v1/flights",
        "/api/v1/flights/",
        "/api/v1/flights?",
        "/api/v1/flights/a%20b/c+d",
        "/api/v1/flights/%C3%A9%e2%82%ac",
        "/api/v1/flights/x;v=1,2/@:!$&'()*",
        "/api/v1/flights?a=1&a=2&&b=%20+%2B&c[]=x&d=/?",
        "/api/v1/flights?from=..%2f..%2f&x=%00",
    ] {
        let answer = raw::get(app.address(), target, "").await;
        answer.expect(200);
        assert_eq!(Seen::of(&answer).target(), target);
    }
}

#[tokio::test]
async fn a_path_that_two_servers_could_read_differently_goes_nowhere() {
    let app = TestApp::shared();

    for part in [
        "../bookings",
        "./",
        "%2e%2e/x",
        "..%2fx",
        "a%2Fb",
        "a%5cb",
        "a\\b",
        "%2E/x",
        "x/../../roles",
    ] {
        let mark = unique();
        let answer = raw::get(app.address(), &format!("/api/v1/flights/{mark}/{part}"), "").await;
        answer.expect_problem(400, "unsafe_path");
        assert!(
            !app.flights().saw(&format!("/{mark}/")),
            "{part} reached the service"
        );
    }
}

#[tokio::test]
async fn every_method_goes_on() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;

    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let call = app.call(Method::from_bytes(method.as_bytes()).unwrap(), "/api/v1/flights");
        let answer = call.by(&airline).await;
        assert_eq!(Seen::of(&answer).method(), method);
    }
}

#[tokio::test]
async fn bodies_go_on_unchanged_both_ways() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for body in ["", "x", "{\"not\": \"parsed\" ", &"0123456789".repeat(500_000)] {
        let answer = app
            .post("/api/v1/bookings")
            .by(&user)
            .typed_body("text/plain", body.to_owned())
            .await;
        let seen = Seen::of(&answer);
        assert!(
            seen.body() == body,
            "a body of {} bytes came as {}",
            body.len(),
            seen.body().len()
        );
        assert_eq!(seen.header("content-type"), ["text/plain"]);
    }
}

#[tokio::test]
async fn a_request_body_is_streamed() {
    let first_piece_seen = |request: Request| async move {
        // Answers after the first piece, while the client still has the rest.
        request
            .into_body()
            .into_data_stream()
            .next()
            .await
            .unwrap()
            .unwrap()
    };
    let app = TestApp::in_front_of(Upstream::echo(), Upstream::answering(first_piece_seen));
    let user = app.new_user().await;
    let (sender, body) = stream();
    sender.send(Ok("the first piece".into())).await.unwrap();

    let call = app
        .post("/api/v1/bookings")
        .by(&user)
        .body(reqwest::Body::wrap_stream(body))
        .start();
    let answer = tokio::time::timeout(Duration::from_secs(20), call)
        .await
        .expect("nobody waits for the rest");

    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "the first piece");
    drop(sender);
}

#[tokio::test]
async fn an_answer_is_streamed() {
    let (sender, body) = stream();
    let body = Arc::new(Mutex::new(Some(Body::from_stream(body))));
    let service = move |_: Request| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Response::new(body) }
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());
    sender.send(Ok("now".into())).await.unwrap();

    let call = app.get("/api/v1/flights").start();
    let mut answer = tokio::time::timeout(Duration::from_secs(20), call)
        .await
        .expect("the head comes at once");
    let piece = tokio::time::timeout(Duration::from_secs(20), answer.chunk()).await;
    assert_eq!(
        piece.expect("the first piece comes at once").unwrap().unwrap(),
        "now"
    );

    sender.send(Ok("later".into())).await.unwrap();
    drop(sender);
    assert_eq!(answer.text().await.unwrap(), "later");
}

#[tokio::test]
async fn the_service_s_status_and_body_are_the_answer() {
    let service = |request: Request| async move {
        let status = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .and_then(|status| status.parse().ok())
            .unwrap();
        let body = if matches!(status, 204 | 304) {
            ""
        } else {
            "the service's own words"
        };
        (
            StatusCode::from_u16(status).unwrap(),
            [("x-own", "kept"), ("etag", "\"1\"")],
            body,
        )
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    for status in [200, 201, 204, 304, 404, 409, 418, 500, 503] {
        let answer = app.get(&format!("/api/v1/flights/{status}")).await;
        answer.expect(status);
        assert_eq!(answer.header("x-own"), Some("kept"));
        assert_eq!(answer.header("etag"), Some("\"1\""));
        let words = String::from_utf8_lossy(&answer.body);
        assert_eq!(
            words,
            if matches!(status, 204 | 304) {
                ""
            } else {
                "the service's own words"
            }
        );
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_502() {
    let app = TestApp::in_front_of(Upstream::dead(), Upstream::echo());
    let user = app.new_user().await;

    let problem = app
        .get("/api/v1/flights")
        .await
        .expect_problem(502, "upstream_unreachable");

    assert!(
        !problem.to_string().contains(&app.flights().authority()),
        "{problem}"
    );
    // The other service goes on.
    app.get("/api/v1/bookings").by(&user).await.expect(200);
}

#[tokio::test]
async fn a_service_that_breaks_off_or_talks_nonsense_is_a_502() {
    for words in [
        "",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconte",
        "HTTP/1.1 99999 Odd\r\n\r\n",
    ] {
        let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

        app.get("/api/v1/flights")
            .await
            .expect_problem(502, "upstream_unreachable");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client_too() {
    let words = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly the beginning";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let answer = app.get("/api/v1/flights").start().await;

    assert_eq!(answer.status(), 200);
    answer
        .bytes()
        .await
        .expect_err("what is cut short must not look whole");
}

#[tokio::test]
async fn a_service_that_never_answers_is_a_504() {
    let silent = |_: Request| std::future::pending::<Response>();
    let app = TestApp::in_front_of(Upstream::answering(silent), Upstream::echo());
    let user = app.new_user().await;

    // The gateway waits for half a minute; meanwhile it serves others.
    let (problem, other) = tokio::join!(app.get("/api/v1/flights"), app.get("/api/v1/bookings").by(&user));

    problem.expect_problem(504, "upstream_timeout");
    other.expect(200);
}
