//! What only shows on the wire: trailers, answers that are not final, how far a request may go, bytes that are no text.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use jetway_tests::upstream::{Seen, Upstream};
use jetway_tests::{TestApp, User, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;

async fn words_of(app: &TestApp, request: &str) -> String {
    let request = request.replacen(
        "\r\n\r\n",
        &format!("\r\nhost: {}\r\nconnection: close\r\n\r\n", app.address()),
        1,
    );
    String::from_utf8_lossy(&raw::exchange_bytes(app.address(), request).await).to_lowercase()
}

#[tokio::test]
async fn trailers_come_back_to_a_client_that_reads_them() {
    let words = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n4\r\nbody\r\n0\r\n\
                 x-checksum: 1234\r\n\r\n";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let answer = words_of(&app, "GET /api/v1/flights HTTP/1.1\r\nte: trailers\r\n\r\n").await;

    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("\r\ntrailer: x-checksum\r\n"), "{answer}");
    assert!(answer.ends_with("0\r\nx-checksum: 1234\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn trailers_of_a_request_go_on_to_the_service() {
    let service = Upstream::keeping_words("0\r\nx-checksum: 1234\r\n\r\n");
    let app = TestApp::in_front_of(Upstream::echo(), service);
    let user = app.new_user().await;

    let request = format!(
        "POST /api/v1/bookings HTTP/1.1\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\
         trailer: x-checksum\r\n\r\n",
        user.access_token
    );
    let body = "4\r\nbody\r\n0\r\nx-checksum: 1234\r\n\r\n";
    let answer = words_of(&app, &format!("{request}{body}")).await;

    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("\r\ntrailer: x-checksum\r\n"), "{answer}");
    assert!(
        answer.contains("\r\n\r\n4\r\nbody\r\n0\r\nx-checksum: 1234"),
        "{answer}"
    );
}

/// A service that tells how long a body is.
fn measuring() -> Upstream {
    Upstream::answering(|request: Request<Body>| async {
        let mut pieces = request.into_body().into_data_stream();
        let mut length = 0;
        while let Some(Ok(piece)) = pieces.next().await {
            length += piece.len();
        }
        format!("{length} bytes")
    })
}

const LARGE: usize = 32 * 1024 * 1024;

/// A connection on which the head of a large upload has been sent, whose body waits to be asked for.
async fn careful_upload(app: &TestApp, user: Option<&User>) -> TcpStream {
    let authorization = user.map(|user| format!("authorization: Bearer {}\r\n", user.access_token));
    let head = format!(
        "POST /api/v1/bookings HTTP/1.1\r\nhost: {}\r\n{}content-length: {LARGE}\r\nexpect: 100-continue\r\n\
         connection: close\r\n\r\n",
        app.address(),
        authorization.unwrap_or_default()
    );
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What comes on the connection until the end of a head.
async fn next_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let read = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.unwrap();
    String::from_utf8(head).unwrap().to_lowercase()
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_asked_and_all_of_it_arrives() {
    let app = TestApp::in_front_of(Upstream::echo(), measuring());
    let user = app.new_user().await;

    let mut stream = careful_upload(&app, Some(&user)).await;
    assert_eq!(next_head(&mut stream).await, "http/1.1 100 continue\r\n\r\n");
    stream.write_all(&vec![b'x'; LARGE]).await.unwrap();

    let head = next_head(&mut stream).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, format!("{LARGE} bytes"));
}

#[tokio::test]
async fn a_body_that_would_be_refused_is_not_asked_for() {
    let app = TestApp::shared();

    let mut stream = careful_upload(app, None).await;

    let head = next_head(&mut stream).await;
    assert!(head.starts_with("http/1.1 401"), "{head}");
}

#[tokio::test]
async fn a_client_s_wish_for_trailers_goes_on_and_the_rest_of_te_does_not() {
    let app = TestApp::shared();

    let answer = raw::get(app.address(), "/api/v1/flights", "te: gzip, trailers\r\n").await;
    assert_eq!(Seen::of(&answer).header("te"), ["trailers"]);

    let answer = raw::get(app.address(), "/api/v1/flights", "te: gzip\r\n").await;
    assert!(Seen::of(&answer).header("te").is_empty());
}

#[tokio::test]
async fn answers_that_are_not_final_stay_behind_the_gateway() {
    let words = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\
                 connection: close\r\n\r\nfinal";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let answer = words_of(&app, "GET /api/v1/flights HTTP/1.1\r\n\r\n").await;

    assert!(
        answer.starts_with("http/1.1 200") && answer.ends_with("final"),
        "{answer}"
    );
    assert!(!answer.contains("103"), "{answer}");
}

#[tokio::test]
async fn a_service_that_switches_protocols_unasked_is_a_502() {
    let words = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    app.get("/api/v1/flights")
        .await
        .expect_problem(502, "upstream_unreachable");
}

#[tokio::test]
async fn a_request_that_may_go_no_further_is_answered_here() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;
    let ask = |method: &str, steps: &str| {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        app.call(method, "/api/v1/flights")
            .by(&airline)
            .header("max-forwards", steps)
    };

    let options = ask("OPTIONS", "0").await;
    options.expect_empty(204);
    assert!(options.header("allow").unwrap().contains("GET"));
    assert_eq!(Seen::of(&ask("OPTIONS", "3").await).header("max-forwards"), ["2"]);
    ask("OPTIONS", "x").await.expect_problem(400, "bad_request");
}

#[tokio::test]
async fn an_answer_to_head_keeps_its_length_and_a_date_is_the_service_s() {
    let words = "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\
                 x-name: caf\u{e9}\r\nconnection: close\r\n\r\n";
    // One byte that is no UTF-8.
    let words: Vec<u8> = words
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect();
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let request = format!(
        "HEAD /api/v1/flights HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        app.address()
    );
    let answer = raw::exchange_bytes(app.address(), request).await;

    let latin: String = answer.iter().map(|byte| char::from(*byte)).collect();
    let latin = latin.to_lowercase();
    assert!(latin.contains("\r\ncontent-length: 1234\r\n"), "{latin}");
    assert_eq!(latin.matches("\r\ndate: ").count(), 1, "{latin}");
    assert!(
        latin.contains("\r\ndate: tue, 01 jan 2030 00:00:00 gmt\r\n"),
        "{latin}"
    );
    assert!(latin.contains("x-name: caf\u{e9}\r\n"), "{latin}");
    assert!(latin.ends_with("\r\n\r\n"), "{latin}");
}
