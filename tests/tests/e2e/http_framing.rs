//! What the embedded host takes for a request, to the letter of RFC 9112, and how it answers what it does not take.

use std::time::{Duration, Instant};

use jetway_tests::upstream::Upstream;
use jetway_tests::{Answer, Setup, TestApp, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ORIGIN: &str = "https://app.example.com";

fn on_the_host(variables: &[(&str, &str)]) -> TestApp {
    Setup::usual().with(variables).on_embedded_host().start()
}

async fn refused(app: &TestApp, request: impl AsRef<[u8]>, status: u16, code: &str) -> Answer {
    let answer = raw::exchange(app.address(), request).await;
    let problem = answer.expect_problem(status, code);
    assert!(!problem["request_id"].as_str().unwrap().is_empty());
    assert_eq!(answer.header("x-request-id"), problem["request_id"].as_str());
    answer
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_a_reason() {
    let app = on_the_host(&[]);
    let with = |line: &str, fields: &str| format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let get = |fields: &str| with("GET /api/v1/flights", fields);
    let post = |fields: &str| with("POST /api/v1/bookings", fields);

    for (request, status, code) in [
        (
            post("Transfer-Encoding: gzip, chunked\r\n"),
            501,
            "not_implemented",
        ),
        (post("Transfer-Encoding: x, chunked\r\n"), 501, "not_implemented"),
        (
            post("Transfer-Encoding: chunked, chunked\r\n"),
            400,
            "bad_request",
        ),
        (
            post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
            501,
            "not_implemented",
        ),
        (
            post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
            400,
            "bad_request",
        ),
        (
            post("Content-Length: 3\r\nContent-Length: 4\r\n"),
            400,
            "bad_request",
        ),
        (get("Host: b\r\n"), 400, "bad_request"),
        (get("X : 1\r\n"), 400, "bad_request"),
        (get("X: 1\r\n 2\r\n"), 400, "bad_request"),
        (get(&"X: 1\r\n".repeat(120)), 431, "header_fields_too_large"),
        (
            with(&format!("GET /{}", "a".repeat(70_000)), ""),
            414,
            "uri_too_long",
        ),
        (with("GET /<x>", ""), 400, "bad_request"),
        (with("GET /#x", ""), 400, "bad_request"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "bad_request"),
        (
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
            400,
            "bad_request",
        ),
        (
            "GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_owned(),
            505,
            "http_version_not_supported",
        ),
    ] {
        refused(&app, request, status, code).await;
    }
    refused(
        &app,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n",
        400,
        "bad_request",
    )
    .await;
}

#[tokio::test]
async fn a_page_may_read_why_it_was_refused() {
    let app = on_the_host(&[("cors_allowed_origins", ORIGIN)]);
    let request = format!("GET /<x> HTTP/1.1\r\nHost: a\r\nOrigin: {ORIGIN}\r\n\r\n");

    let answer = refused(&app, request, 400, "bad_request").await;

    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let other = "GET /<x> HTTP/1.1\r\nHost: a\r\nOrigin: https://other.example\r\n\r\n";
    let answer = refused(&app, other, 400, "bad_request").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_requests_before_it_are_answered() {
    let app = on_the_host(&[]);
    let good = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let with_body =
        "POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let bad = "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";

    let answers = raw::exchange_bytes(app.address(), format!("{good}{with_body}{good}{bad}{good}")).await;

    let answers = String::from_utf8_lossy(&answers);
    let statuses: Vec<_> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answers[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "404", "200", "400"], "{answers}");
}

#[tokio::test]
async fn who_has_said_all_and_closed_his_side_gets_the_answer() {
    let app = on_the_host(&[]);
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream
        .write_all(b"GET /api/v1/flights HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up_and_others_notice_nothing() {
    let app = on_the_host(&[]);
    let mut slow = JoinSet::new();
    for number in 0..200 {
        let address = app.address();
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let start = Instant::now();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
                .await
                .unwrap();
            let mut answer = Vec::new();
            // Half of them send a byte now and then: it is the whole head that has its time.
            let sends_on = number % 2 == 0;
            loop {
                if !sends_on {
                    break;
                }
                if stream.write_all(b"x").await.is_err() || start.elapsed() > Duration::from_secs(11) {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            stream.read_to_end(&mut answer).await.ok();
            (start.elapsed(), String::from_utf8_lossy(&answer).into_owned())
        });
    }

    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        app.get("/healthz").await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    while let Some(given_up) = slow.join_next().await {
        let (after, answer) = given_up.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(after < Duration::from_secs(20), "{after:?}");
    }
}

#[tokio::test]
async fn what_a_service_says_of_its_connection_stays_there_and_a_body_has_one_end() {
    let answers = |_, head: &str| {
        Some(if head.contains("/hop") {
            "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok"
        } else if head.contains("/both") {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        })
    };
    let setup = Setup::in_front_of(Upstream::speaking(answers), Upstream::echo());
    let app = setup.on_embedded_host().start();

    let hop = app.get("/api/v1/flights/hop").await;
    assert_eq!((hop.header("x-hop"), hop.header("x-kept")), (None, Some("1")));
    assert_eq!(app.get("/api/v1/flights/both").await.body, "hello");
    let coded = app.get("/api/v1/flights/coded").await;
    coded.expect_problem(502, "upstream_unreachable");
}
