//! Stub services that stand where the flight and booking services are, and tell what reached them.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::{Json, Router};
use http::{HeaderName, HeaderValue};
use jetway_demo::{BookingOptions, FlightOptions, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::setup::unused_port;
use crate::{Answer, BACKGROUND};

/// A stub service on a port of its own.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Kept for as long as somebody may call them.
    _demo: Option<Arc<(Running, Running)>>,
}

/// A request as the service received it.
#[derive(Clone, Debug)]
pub struct Seen(Value);

impl Seen {
    /// What an echoing service says that it received.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.describe());
        Self(answer.json())
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.0["method"].as_str().expect("an echo names the method")
    }

    /// The path and query, as they came.
    pub fn target(&self) -> &str {
        self.0["target"].as_str().expect("an echo names the target")
    }

    /// The body.
    pub fn body(&self) -> &str {
        self.0["body"].as_str().expect("an echo has the body")
    }

    /// All values of a header, in order.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers()
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .collect()
    }

    /// All headers, in order, with lower-case names.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.0["headers"].as_array().expect("an echo lists the headers");
        headers.iter().map(|pair| {
            (
                pair[0].as_str().unwrap_or_default(),
                pair[1].as_str().unwrap_or_default(),
            )
        })
    }
}

impl Upstream {
    /// A service that answers every request with 200 and what it received.
    pub fn echo() -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let record = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| async move {
            let request = describe(request).await;
            record
                .lock()
                .expect("no handler panics")
                .push(Seen(request.clone()));
            Json(request)
        });
        Self {
            seen,
            ..Self::serving(router)
        }
    }

    /// A service that answers every request with what `answer` makes of it.
    pub fn answering<F, R>(answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: IntoResponse,
    {
        Self::serving(Router::new().fallback(move |request: Request| {
            let response = answer(request);
            async move { response.await.into_response() }
        }))
    }

    /// A service on this router.
    pub fn serving(router: Router) -> Self {
        let (address, listener) = listen();
        BACKGROUND.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            seen: Arc::default(),
            _demo: None,
        }
    }

    /// A service that reads a request until these bytes come, and answers with every byte of it.
    pub fn keeping_words(end: &'static str) -> Self {
        let (address, listener) = listen();
        BACKGROUND.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut words = Vec::new();
                    while !words.ends_with(end.as_bytes()) {
                        if stream.read_buf(&mut words).await.is_ok_and(|read| read > 0) {
                            continue;
                        }
                        return;
                    }
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
                    // A gateway that hangs up early is the test's to notice, not ours.
                    stream.write_all(&[head.as_bytes(), &words].concat()).await.ok();
                    stream.shutdown().await.ok();
                });
            }
        });
        Self {
            address,
            seen: Arc::default(),
            _demo: None,
        }
    }

    /// A service that reads the head of a request, writes these bytes, and closes the connection: what no HTTP library
    /// would let it say.
    pub fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<Vec<u8>> = Arc::new(bytes.into());
        let (address, listener) = listen();
        BACKGROUND.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let bytes = Arc::clone(&bytes);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                        if stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
                            continue;
                        }
                        return;
                    }
                    // A gateway that hangs up early is the test's to notice, not ours.
                    stream.write_all(&bytes).await.ok();
                    stream.shutdown().await.ok();
                });
            }
        });
        Self {
            address,
            seen: Arc::default(),
            _demo: None,
        }
    }

    /// A service that says, request after request on a kept connection, what `answer` makes of the head, or ends the connection
    /// where that is nothing. The first argument is the number of the request on its connection, from 1. Bodies are not read.
    pub fn speaking(answer: impl Fn(usize, &str) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        let (address, listener) = listen();
        BACKGROUND.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let mut received = Vec::new();
                    for number in 1.. {
                        let end = loop {
                            if let Some(end) = received.windows(4).position(|end| end == b"\r\n\r\n") {
                                break end + 4;
                            }
                            if stream.read_buf(&mut received).await.is_ok_and(|read| read > 0) {
                                continue;
                            }
                            return;
                        };
                        let head: Vec<u8> = received.drain(..end).collect();
                        let Some(words) = answer(number, &String::from_utf8_lossy(&head)) else {
                            return;
                        };
                        // A gateway that hangs up early is the test's to notice, not ours.
                        stream.write_all(words.as_bytes()).await.ok();
                    }
                });
            }
        });
        Self::at(address)
    }

    /// The demo's flight service and booking service.
    pub fn demo() -> (Self, Self) {
        Self::demo_publishing_on(None)
    }

    /// The same, where the booking service publishes on a Redis under this URL.
    pub fn demo_publishing_on(redis: Option<String>) -> (Self, Self) {
        let ((flights, flight_listener), (bookings, booking_listener)) = (listen(), listen());
        let _on_background = BACKGROUND.enter();
        let options = FlightOptions {
            bookings: Some(format!("http://{bookings}")),
            ..FlightOptions::default()
        };
        let flight_service =
            jetway_demo::start_flights(flight_listener, &options).expect("the flight service starts");
        let options = BookingOptions {
            redis,
            ..BookingOptions::default()
        };
        let booking_service = jetway_demo::start_bookings(booking_listener, &flight_service.url(), &options)
            .expect("the booking service starts");
        let services = Arc::new((flight_service, booking_service));
        let service = |address| Self {
            address,
            seen: Arc::default(),
            _demo: Some(Arc::clone(&services)),
        };
        (service(flights), service(bookings))
    }

    /// An address where nobody listens.
    pub fn dead() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], unused_port())))
    }

    /// Whoever listens at this address.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            seen: Arc::default(),
            _demo: None,
        }
    }

    /// A service that says these bytes to each request and then nothing, for as long as the gateway will wait.
    pub fn stalling_after(bytes: &'static str) -> Self {
        let (address, listener) = listen();
        BACKGROUND.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = vec![0; 64 * 1024];
                    if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        stream.write_all(bytes.as_bytes()).await.ok();
                    }
                    // Until the gateway hangs up.
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                });
            }
        });
        Self::at(address)
    }

    /// A service so busy that the kernel takes no more connections for it: the gateway's come to nothing, and are not refused.
    pub fn too_busy_to_accept() -> Self {
        let _on_background = BACKGROUND.enter();
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("a bound listener has an address");
        BACKGROUND.spawn(async move {
            let waiting = (0..8).map(|_| tokio::spawn(tokio::net::TcpStream::connect(address)));
            let waiting: Vec<_> = waiting.collect();
            std::future::pending::<()>().await;
            drop((listener, waiting));
        });
        Self::at(address)
    }

    /// The service's base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The service's host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Whether a request whose target contains `part` reached an echoing service.
    pub fn saw(&self, part: &str) -> bool {
        self.seen
            .lock()
            .expect("no handler panics")
            .iter()
            .any(|seen| seen.target().contains(part))
    }
}

pub(crate) fn listen() -> (SocketAddr, tokio::net::TcpListener) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener
        .set_nonblocking(true)
        .expect("a listener can be non-blocking");
    let address = listener.local_addr().expect("a bound listener has an address");
    let _on_background = BACKGROUND.enter();
    (
        address,
        tokio::net::TcpListener::from_std(listener).expect("a listener for the runtime"),
    )
}

async fn describe(request: Request) -> Value {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
    };
    let headers: Vec<_> = head.headers.iter().map(header).collect();
    json!({
        "method": head.method.as_str(),
        "target": head.uri.path_and_query().map_or("", |target| target.as_str()),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    })
}
