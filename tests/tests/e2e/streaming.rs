//! Bodies go through as they come: piece by piece, however long, and no longer than somebody wants them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

/// Far longer than anything here takes; what does not come at all is found by it.
const PATIENCE: Duration = Duration::from_secs(60);
const PIECE: usize = 256 * 1024;
const PIECES: u64 = 4096;

/// A service that answers with a stream into which the test sends, and tells when that stream is dropped.
fn told_what_to_say() -> (Upstream, mpsc::Sender<Result<Bytes, Infallible>>) {
    let (sender, receiver) = mpsc::channel(1);
    let body = Arc::new(std::sync::Mutex::new(Some(Body::from_stream(
        ReceiverStream::new(receiver),
    ))));
    let service = Upstream::answering(move |_: Request| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Response::new(body) }
    });
    (service, sender)
}

#[tokio::test]
async fn each_piece_of_an_answer_arrives_before_the_next_is_sent() {
    let (service, pieces) = told_what_to_say();
    let app = TestApp::in_front_of(service, Upstream::echo());

    let call = tokio::spawn(app.get("/api/v1/flights").start());
    let mut answer = None;
    let mut call = Some(call);
    for number in 0..5 {
        pieces.send(Ok(format!("piece {number}").into())).await.unwrap();
        if let Some(call) = call.take() {
            answer = Some(
                timeout(PATIENCE, call)
                    .await
                    .expect("the head comes at once")
                    .unwrap(),
            );
        }
        let piece = timeout(PATIENCE, answer.as_mut().unwrap().chunk()).await;
        assert_eq!(
            piece.expect("the piece comes at once").unwrap().unwrap(),
            format!("piece {number}")
        );
    }
}

#[tokio::test]
async fn each_piece_of_a_request_arrives_before_the_next_is_sent() {
    let (arrived, mut arrivals) = mpsc::channel(1);
    let service = Upstream::answering(move |request: Request| {
        let arrived = arrived.clone();
        async move {
            let mut pieces = request.into_body().into_data_stream();
            while let Some(Ok(piece)) = pieces.next().await {
                arrived.send(piece).await.unwrap();
            }
            "all of it"
        }
    });
    let app = TestApp::in_front_of(Upstream::echo(), service);
    let user = app.new_user().await;
    let (pieces, body) = mpsc::channel::<Result<Bytes, Infallible>>(1);
    let body = reqwest::Body::wrap_stream(ReceiverStream::new(body));

    let call = tokio::spawn(app.post("/api/v1/bookings").by(&user).body(body).start());
    for number in 0..5 {
        pieces.send(Ok(format!("piece {number}").into())).await.unwrap();
        let piece = timeout(PATIENCE, arrivals.recv())
            .await
            .expect("the piece comes at once");
        assert_eq!(piece.unwrap(), format!("piece {number}"));
    }
    drop(pieces);

    assert_eq!(call.await.unwrap().text().await.unwrap(), "all of it");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_request_to_the_service() {
    let (service, pieces) = told_what_to_say();
    let app = TestApp::in_front_of(service, Upstream::echo());
    pieces.send(Ok("the beginning".into())).await.unwrap();
    let mut answer = app.get("/api/v1/flights").start().await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "the beginning");

    drop(answer);

    timeout(PATIENCE, async {
        while pieces.send(Ok("more".into())).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the service is told that nobody listens");
}

/// Tells when it is dropped.
struct Told(mpsc::UnboundedSender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        // A test that is over need not be told.
        self.0.send(()).ok();
    }
}

/// WASI has no way to tell a function that nobody waits for its answer any more; the time limit ends what it is waiting for.
#[tokio::test]
async fn a_client_that_goes_away_before_the_answer_costs_the_service_no_more_than_the_limit() {
    let (arrived, mut arrivals) = mpsc::channel(1);
    let (told, mut ends) = mpsc::unbounded_channel();
    let service = Upstream::answering(move |_: Request| {
        let (arrived, told) = (arrived.clone(), Told(told.clone()));
        async move {
            let _told = told;
            arrived.send(()).await.unwrap();
            std::future::pending::<Response>().await
        }
    });
    let app = Setup::in_front_of(service, Upstream::echo())
        .with(&[("upstream_first_byte_timeout", "1s")])
        .start();
    let mut client = TcpStream::connect(app.address()).await.unwrap();
    let request = format!("GET /api/v1/flights HTTP/1.1\r\nhost: {}\r\n\r\n", app.address());
    client.write_all(request.as_bytes()).await.unwrap();
    arrivals.recv().await.unwrap();

    drop(client);

    // The limit that the manifest sets is thirty seconds.
    timeout(Duration::from_secs(20), ends.recv())
        .await
        .expect("the service is told that nobody listens");
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_of_its_body_ends_the_request_to_the_service() {
    let (arrived, mut arrivals) = mpsc::channel(1);
    let service = Upstream::answering(move |request: Request| {
        let arrived = arrived.clone();
        async move {
            let mut pieces = request.into_body().into_data_stream();
            while let Some(piece) = pieces.next().await {
                arrived.send(piece.map_err(drop)).await.unwrap();
            }
            "all of it"
        }
    });
    let app = TestApp::in_front_of(Upstream::echo(), service);
    let user = app.new_user().await;
    let mut client = TcpStream::connect(app.address()).await.unwrap();
    let request = format!(
        "POST /api/v1/bookings HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\nhalf",
        app.address(),
        user.access_token
    );
    client.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(arrivals.recv().await.unwrap().unwrap(), "half");

    drop(client);

    // Well before the limit of thirty seconds.
    let end = timeout(Duration::from_secs(20), arrivals.recv()).await;
    let end = end.expect("the service is told at once");
    assert_eq!(end, Some(Err(())), "what broke off must not look whole");
}

#[tokio::test]
async fn a_long_answer_leaves_no_trace_in_memory() {
    let service = |_: Request| async {
        let piece = Bytes::from(vec![b'x'; PIECE]);
        let pieces = tokio_stream::iter(std::iter::repeat_n(piece, PIECES.try_into().unwrap()));
        Response::new(Body::from_stream(pieces.map(Ok::<_, Infallible>)))
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());
    let mut length = 0;
    let download = async {
        let mut answer = app.get("/api/v1/flights").start().await;
        while let Some(piece) = answer.chunk().await.unwrap() {
            length += piece.len() as u64;
        }
    };

    let memory = app.memory_during(download).await;

    assert_eq!(length, PIECES * PIECE as u64);
    expect_flat(memory, "down");
}

#[tokio::test]
async fn a_long_request_leaves_no_trace_in_memory() {
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let service = move |request: Request| {
        let counter = Arc::clone(&counter);
        async move {
            let mut pieces = request.into_body().into_data_stream();
            while let Some(Ok(piece)) = pieces.next().await {
                counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            "received"
        }
    };
    let app = TestApp::in_front_of(Upstream::echo(), Upstream::answering(service));
    let user = app.new_user().await;
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = tokio_stream::iter(std::iter::repeat_n(piece, PIECES.try_into().unwrap()));
    let body = reqwest::Body::wrap_stream(pieces.map(Ok::<_, Infallible>));

    let upload = async {
        let answer = app.post("/api/v1/bookings").by(&user).body(body).await;
        answer.expect(200);
    };

    let memory = app.memory_during(upload).await;

    assert_eq!(received.load(Ordering::Relaxed), PIECES * PIECE as u64);
    expect_flat(memory, "up");
}

/// Expects that the gateway's memory never grew by what went through it, nor by a good part of that.
#[track_caller]
fn expect_flat((grown, before): (u64, u64), way: &str) {
    let grown = grown / 1024;
    let sent = PIECES * PIECE as u64 / 1024 / 1024;
    println!(
        "{sent} MiB {way}: the gateway's peak grew by {grown} MiB, from {} MiB",
        before / 1024
    );
    assert!(grown < 100, "{grown} MiB more after {sent} MiB {way}");
}
