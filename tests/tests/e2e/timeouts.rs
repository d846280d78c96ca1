//! How long a service may take, by variables.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp};
use tokio_stream::StreamExt;

/// Far longer than the limits set here, far shorter than those of the manifest.
const SOON: Duration = Duration::from_secs(20);

fn with(flights: Upstream, variables: &[(&str, &str)]) -> TestApp {
    Setup::in_front_of(flights, Upstream::echo())
        .with(variables)
        .start()
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_504() {
    let silent = |_: Request| std::future::pending::<Response>();
    let app = with(
        Upstream::answering(silent),
        &[("upstream_first_byte_timeout", "300ms")],
    );
    let start = Instant::now();

    app.get("/api/v1/flights")
        .await
        .expect_problem(504, "upstream_timeout");

    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_service_that_accepts_no_connection_in_time_is_a_504() {
    let app = with(
        Upstream::too_busy_to_accept(),
        &[("upstream_connect_timeout", "300ms")],
    );
    let start = Instant::now();

    app.get("/api/v1/flights")
        .await
        .expect_problem(504, "upstream_timeout");

    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_answer_that_stalls_is_broken_off_and_does_not_look_whole() {
    for beginning in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\nthe beginning\r\n",
    ] {
        let app = with(
            Upstream::stalling_after(beginning),
            &[("upstream_between_bytes_timeout", "300ms")],
        );
        let start = Instant::now();

        let mut answer = app.get("/api/v1/flights").start().await;

        assert_eq!(answer.status(), 200);
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "the beginning");
        answer
            .bytes()
            .await
            .expect_err("what stalls must not end as if it were whole");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_slow_answer_that_goes_on_is_left_alone() {
    let slow = |_: Request| async {
        let pieces = tokio_stream::iter(0..12).then(|_| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok::<_, std::convert::Infallible>(Bytes::from("piece "))
        });
        Response::new(Body::from_stream(pieces))
    };
    // All of it takes longer than any of the limits.
    let app = with(
        Upstream::answering(slow),
        &[
            ("upstream_connect_timeout", "5s"),
            ("upstream_first_byte_timeout", "5s"),
            ("upstream_between_bytes_timeout", "5s"),
        ],
    );

    let answer = app.get("/api/v1/flights").await;

    answer.expect(200);
    assert_eq!(answer.body, "piece ".repeat(12));
}

#[tokio::test]
async fn a_limit_that_is_none_is_refused_by_name() {
    for (variable, value) in [
        ("upstream_connect_timeout", "0"),
        ("upstream_first_byte_timeout", "0ms"),
        ("upstream_between_bytes_timeout", "soon"),
    ] {
        let app = TestApp::with(&[(variable, value)]);

        for path in ["/api/v1/flights", "/readyz"] {
            let problem = app.get(path).await.expect_problem(503, "misconfigured");
            assert!(problem.to_string().contains(variable), "{problem}");
        }
    }
}
