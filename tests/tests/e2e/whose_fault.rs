//! Whose fault a failure is: what a client does speaks against no service, and a service is asked no more than is right.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jetway_tests::unsteady::Unsteady;
use jetway_tests::upstream::Upstream;
use jetway_tests::user::User;
use jetway_tests::{Setup, TestApp, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// More than it takes to open a breaker.
const OFTEN: usize = 15;

async fn connect(address: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

fn upload(method: &str, user: &User, framing: &str) -> String {
    format!(
        "{method} /api/v1/bookings HTTP/1.1\r\nhost: jetway\r\nauthorization: Bearer {}\r\n{framing}\r\n\r\n",
        user.access_token
    )
}

async fn expect_all_well(app: &TestApp, user: &User) {
    for _ in 0..3 {
        app.get("/api/v1/bookings").by(user).await.expect(200);
        app.get("/api/v1/flights").await.expect(200);
    }
}

#[tokio::test]
async fn a_client_that_breaks_its_body_off_closes_nothing_for_others() {
    let app = TestApp::start();
    let user = app.new_user().await;

    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for framing in ["content-length: 1000", "transfer-encoding: chunked"] {
            let piece = if framing.ends_with("chunked") {
                "3e8\r\nhello"
            } else {
                "hello"
            };
            for how in ["closes", "resets"] {
                for _ in 0..OFTEN {
                    let request = upload(method, &user, framing) + piece;
                    let stream = connect(app.address(), &request).await;
                    sleep(Duration::from_millis(5)).await;
                    if how == "resets" {
                        stream.set_zero_linger().unwrap();
                    }
                }
                expect_all_well(&app, &user).await;
            }
        }
    }
    assert!(!app.log().contains("upstream_ejected"), "{}", app.log());
}

#[tokio::test]
async fn what_is_no_body_is_the_client_s_fault() {
    let app = TestApp::start();
    let user = app.new_user().await;

    for body in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        for _ in 0..OFTEN {
            let request = upload("POST", &user, "transfer-encoding: chunked\r\nconnection: close") + body;
            let answer = raw::exchange_bytes(app.address(), request).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
                "{body:?}: {answer}"
            );
        }
    }

    expect_all_well(&app, &user).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408_and_closes_nothing() {
    let app = TestApp::with(&[
        ("client_body_timeout", "1s"),
        ("upstream_first_byte_timeout", "1s"),
    ]);
    let user = app.new_user().await;

    let stalled = (0..OFTEN).flat_map(|_| {
        let anybody =
            "GET /api/v1/flights HTTP/1.1\r\nhost: jetway\r\nconnection: close\r\ncontent-length: 5\r\n\r\n";
        [
            anybody.to_owned(),
            upload("POST", &user, "connection: close\r\ncontent-length: 1000") + "begins",
        ]
    });
    let stalled = stalled.map(|request| tokio::spawn(raw::exchange_bytes(app.address(), request)));
    let stalled: Vec<_> = stalled.collect();
    expect_all_well(&app, &user).await;
    for answer in stalled {
        let answer = answer.await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("\"request_timeout\""), "{answer}");
    }

    expect_all_well(&app, &user).await;
}

#[tokio::test]
async fn a_slow_body_is_taken_as_long_as_it_moves_and_the_service_s_time_begins_after_it() {
    let app = TestApp::with(&[
        ("upstream_first_byte_timeout", "1s"),
        ("client_body_timeout", "3s"),
    ]);
    let user = app.new_user().await;
    let request = upload("POST", &user, "connection: close\r\ncontent-length: 6");
    let mut stream = connect(app.address(), &request).await;

    for byte in b"slowly" {
        sleep(Duration::from_millis(500)).await;
        stream.write_all(&[*byte]).await.unwrap();
    }

    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"slowly\""), "{answer}");
}

#[tokio::test]
async fn a_service_that_is_slow_after_the_whole_body_is_a_504() {
    let silent = |request: axum::extract::Request| async move {
        axum::body::to_bytes(request.into_body(), usize::MAX).await.ok();
        sleep(Duration::from_secs(30)).await;
        "too late"
    };
    let app = Setup::in_front_of(Upstream::echo(), Upstream::answering(silent))
        .with(&[("upstream_first_byte_timeout", "1s")])
        .start();
    let user = app.new_user().await;

    let start = Instant::now();
    let answer = app.post("/api/v1/bookings").by(&user).body("all of it").await;

    answer.expect_problem(504, "upstream_timeout");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_early_answer_reaches_the_client() {
    for status in [401, 413] {
        let early = move |number: usize, _: &str| match (number, status) {
            (1, 401) => Some("HTTP/1.1 401 No\r\nconnection: close\r\ncontent-length: 5\r\n\r\nearly"),
            (1, _) => Some("HTTP/1.1 413 No\r\nconnection: close\r\ncontent-length: 5\r\n\r\nearly"),
            _ => None,
        };
        let app = TestApp::in_front_of(Upstream::echo(), Upstream::speaking(early));
        let user = app.new_user().await;
        // It says that it goes on, and waits for the answer first.
        let request = upload("POST", &user, "content-length: 1000000") + "the beginning";
        let mut stream = connect(app.address(), &request).await;

        let mut answer = vec![0; 1024];
        let read = stream.read(&mut answer).await.unwrap();

        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_was_kept_too_long_is_replaced_for_nothing() {
    let every_other =
        |number, _: &str| (number == 1).then_some("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell");
    let app = TestApp::in_front_of(Upstream::speaking(every_other), Upstream::echo());

    for _ in 0..40 {
        app.get("/api/v1/flights").await.expect(200);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_502_of_its_request_alone() {
    let many: &'static str = {
        let lines: String = (0..400).map(|number| format!("x-{number}: 1\r\n")).collect();
        Box::leak(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n").into_boxed_str())
    };
    let answers = move |_, head: &str| {
        Some(if head.contains("/many") {
            many
        } else if head.contains("/nonsense") {
            "HTTP/1.1 200 OK\r\n: no name\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell"
        })
    };
    let app = TestApp::in_front_of(Upstream::speaking(answers), Upstream::echo());

    for path in ["/api/v1/flights/many", "/api/v1/flights/nonsense"] {
        for _ in 0..OFTEN {
            app.get(path).await.expect_problem(502, "upstream_unreachable");
        }
        app.get("/api/v1/flights").await.expect(200);
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_found_out_by_uploads_too() {
    let service = Unsteady::well();
    let app = TestApp::in_front_of(Upstream::echo(), service.upstream());
    let user = app.new_user().await;
    service.die();

    for _ in 0..5 {
        let answer = app.post("/api/v1/bookings").by(&user).body("a body").await;
        answer.expect_problem(502, "upstream_unreachable");
    }

    let answer = app.post("/api/v1/bookings").by(&user).body("a body").await;
    answer.expect_problem(503, "upstream_overloaded");
}
