//! A stub service that has good and bad times: it dies, comes back at the same address, or answers but does not do its work.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::runtime::Runtime;

use crate::setup::unused_port;
use crate::upstream::Upstream;

/// What it says, request after request; the last one goes on for ever.
type Script = Vec<(StatusCode, Option<&'static str>)>;

/// A service whose fortune the test decides.
pub struct Unsteady {
    address: SocketAddr,
    life: Mutex<Option<Runtime>>,
    script: Arc<Mutex<Script>>,
    requests: Arc<AtomicUsize>,
}

impl Unsteady {
    /// A service that is well: it answers every request with 200.
    pub fn well() -> Self {
        let service = Self {
            address: SocketAddr::from(([127, 0, 0, 1], unused_port())),
            life: Mutex::default(),
            script: Arc::new(Mutex::new(vec![(StatusCode::OK, None)])),
            requests: Arc::default(),
        };
        service.come_back();
        service
    }

    /// A service that answers so.
    pub fn answering(statuses: &[u16]) -> Self {
        let service = Self::well();
        service.answer(statuses);
        service
    }

    /// Answers the next requests so, and all that follow as the last of these.
    pub fn answer(&self, statuses: &[u16]) {
        self.answer_with(statuses, None);
    }

    /// The same, with this `Retry-After`.
    pub fn answer_with(&self, statuses: &[u16], retry_after: Option<&'static str>) {
        let status = |code: &u16| (StatusCode::from_u16(*code).expect("a status"), retry_after);
        *self.script.lock().expect("no handler panics") = statuses.iter().map(status).collect();
    }

    /// Ends, and breaks off every connection.
    pub fn die(&self) {
        let life = self.life.lock().expect("nobody panics with it").take();
        life.expect("a service that lives").shutdown_background();
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Listens at its address again.
    pub fn come_back(&self) {
        let listener = TcpListener::bind(self.address).expect("its port is still free");
        listener
            .set_nonblocking(true)
            .expect("a listener can be non-blocking");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (script, requests) = (Arc::clone(&self.script), Arc::clone(&self.requests));
        // Whoever answers before all of a request is read ends the connection behind the answer, and loses the next request on it.
        let router = Router::new().fallback(move |_all: Bytes| {
            requests.fetch_add(1, Ordering::Relaxed);
            let answer = next(&script);
            async move { answer }
        });
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
        *self.life.lock().expect("nobody panics with it") = Some(runtime);
    }

    /// How many requests have reached it.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As what a gateway stands in front of.
    pub fn upstream(&self) -> Upstream {
        Upstream::at(self.address)
    }
}

impl Drop for Unsteady {
    fn drop(&mut self) {
        if let Some(life) = self.life.lock().expect("nobody panics with it").take() {
            life.shutdown_background();
        }
    }
}

fn next(script: &Mutex<Script>) -> Response {
    let mut script = script.lock().expect("no handler panics");
    let (status, retry_after) = if script.len() > 1 {
        script.remove(0)
    } else {
        script[0]
    };
    let mut response = (status, "the service's own words").into_response();
    if let Some(value) = retry_after {
        let value = http::HeaderValue::from_static(value);
        response.headers_mut().insert(http::header::RETRY_AFTER, value);
    }
    response
}
