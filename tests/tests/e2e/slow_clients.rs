//! Clients that do not send what they announce, or write all of it before they read: nobody waits for them without end, and they get
//! their answer.

use std::time::{Duration, Instant};

use jetway_tests::app::{INTERNAL_TOKEN, new_email};
use jetway_tests::unsteady::Unsteady;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp, raw};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A request whose body is `sent` of `announced` bytes.
fn request(path: &str, token: &str, announced: usize, sent: &str) -> String {
    let authorization = match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: jetway\r\n{authorization}content-type: application/json\r\n\
         connection: close\r\ncontent-length: {announced}\r\n\r\n{sent}"
    )
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408_wherever_one_is_read() {
    let app = TestApp::with(&[("request_body_timeout", "1s")]);
    let user = app.new_user().await;

    for (path, token) in [
        ("/api/v1/signup", ""),
        ("/api/v1/signin", ""),
        ("/api/v1/token/refresh", ""),
        ("/api/v1/email/verify", ""),
        ("/api/v1/email/resend", ""),
        ("/api/v1/password/forgot", ""),
        ("/api/v1/password/reset", ""),
        ("/api/v1/admin/bootstrap", ""),
        ("/api/v1/me/mfa/totp", user.access_token.as_str()),
        ("/internal/events", INTERNAL_TOKEN),
    ] {
        for sent in ["", "{"] {
            let start = Instant::now();
            let answer = raw::exchange(app.address(), request(path, token, 10, sent)).await;
            answer.expect_problem(408, "request_timeout");
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{path}: {:?}",
                start.elapsed()
            );
        }
    }
}

#[tokio::test]
async fn one_who_sends_a_byte_now_and_then_gets_no_more_time() {
    let app = TestApp::with(&[("request_body_timeout", "2s")]);
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream
        .write_all(request("/api/v1/signin", "", 1000, "{").as_bytes())
        .await
        .unwrap();

    let start = Instant::now();
    let mut answer = [0; 64];
    let read = loop {
        if let Ok(read) = timeout(Duration::from_millis(300), stream.read(&mut answer)).await {
            break read.unwrap();
        }
        stream.write_all(b" ").await.unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "it is waited for without end"
        );
    };

    assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn many_who_stall_keep_nobody_else_from_signing_in() {
    let app = TestApp::with(&[("request_body_timeout", "3s")]);
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    let mut stalled = JoinSet::new();
    for _ in 0..100 {
        let request = request("/api/v1/signin", "", 1000, "{");
        stalled.spawn(raw::exchange(app.address(), request));
    }
    sleep(Duration::from_millis(200)).await;

    let credentials = json!({"email": email, "password": jetway_tests::app::PASSWORD});
    for _ in 0..5 {
        let signed_in = app.post("/api/v1/signin").json(&credentials).into_future();
        let signed_in = timeout(Duration::from_secs(2), signed_in).await;
        signed_in.expect("nobody is kept waiting").expect_json(200);
    }

    while let Some(answer) = stalled.join_next().await {
        answer.unwrap().expect_problem(408, "request_timeout");
    }
}

/// Writes all of it before it reads, as simple clients do.
async fn written_first(app: &TestApp, head: String, length: usize) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = [head.as_bytes(), &vec![b'x'; length]].concat();
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_refusal_reaches_whoever_writes_all_before_reading() {
    const MEGABYTES: usize = 1_000_000;
    let app = Setup::usual().with(&[("rate_limit_signup", "1;w=3600")]).start();
    app.sign_up(&new_email()).await.expect_json(201);
    let user_route = |path, length| (request(path, "no.token.here", length, ""), length);

    for (what, (head, length), status) in [
        (
            "unknown token",
            user_route("/api/v1/bookings", 16 * MEGABYTES),
            401,
        ),
        (
            "unknown token, read by a component",
            user_route("/api/v1/me/mfa/totp", 4 * MEGABYTES),
            401,
        ),
        (
            "behind a middleware",
            user_route("/api/v1/roles", 4 * MEGABYTES),
            401,
        ),
        ("too large", user_route("/api/v1/signin", 4 * MEGABYTES), 413),
        ("over its limit", user_route("/api/v1/signup", 4 * MEGABYTES), 429),
        ("nowhere", user_route("/nowhere", 4 * MEGABYTES), 404),
    ] {
        for _ in 0..5 {
            let answer = written_first(&app, head.clone(), length).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{what}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn readiness_is_not_found_out_anew_for_each_who_wants_to_know() {
    let service = Unsteady::well();
    let app = Setup::in_front_of(service.upstream(), Upstream::echo())
        .with(&[("rate_limit_ready", "1000;w=60")])
        .start();
    app.get("/readyz").await.expect(200);
    let before = service.requests();

    for _ in 0..5 {
        let mut answers: JoinSet<_> = (0..40).map(|_| app.get("/readyz").into_future()).collect();
        while let Some(answer) = answers.join_next().await {
            answer.unwrap().expect(200);
        }
    }

    // Each instance finds out for itself, once a second.
    let asked = service.requests() - before;
    println!("200 questions, {asked} to the service");
    assert!(asked < 50, "{asked}");
}

#[tokio::test]
async fn readiness_is_limited_and_being_alive_is_not() {
    let app = Setup::usual().with(&[("rate_limit_ready", "3;w=60")]).start();

    for _ in 0..3 {
        app.get("/readyz").await.expect(200);
    }
    app.get("/readyz").await.expect_problem(429, "rate_limited");
    for _ in 0..20 {
        app.get("/healthz").await.expect(200);
    }
}

#[tokio::test]
async fn the_secrets_that_one_may_guess_at_are_long_and_their_guesses_limited() {
    let app = TestApp::with(&[("internal_token", "1234"), ("bootstrap_token", "short")]);
    let sweep = app.post("/internal/notifications/sweep").token("1234").await;
    let problem = sweep.expect_problem(503, "misconfigured");
    assert!(
        problem["detail"].as_str().unwrap().contains("internal_token"),
        "{problem}"
    );
    let problem = app
        .bootstrap("short", &new_email())
        .await
        .expect_problem(503, "misconfigured");
    assert!(
        problem["detail"].as_str().unwrap().contains("bootstrap_token"),
        "{problem}"
    );
    app.get("/readyz").await.expect_problem(503, "misconfigured");

    let app = TestApp::with(&[
        ("rate_limit_internal", "3;w=60"),
        ("rate_limit_default", "3;w=60"),
    ]);
    for _ in 0..3 {
        let guess = app
            .post("/internal/notifications/sweep")
            .token("a-wrong-guess-of-it");
        guess.await.expect_problem(401, "invalid_token");
        app.bootstrap("a-wrong-guess-of-it", &new_email())
            .await
            .expect(403);
    }
    let guess = app
        .post("/internal/notifications/sweep")
        .token("a-wrong-guess-of-it");
    guess.await.expect_problem(429, "rate_limited");
    let guess = app.bootstrap("a-wrong-guess-of-it", &new_email()).await;
    guess.expect_problem(429, "rate_limited");
}
