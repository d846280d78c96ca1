//! A server that stands in for a provider.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use axum::response::IntoResponse as _;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) line: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The server, while it stands.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    /// Answers everything with `status` and these headers and body.
    pub(crate) async fn answering(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let (parts, body) = answer.body(body.to_owned()).unwrap().into_parts();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        let app = Router::new().fallback(async move |request: Request| {
            let line = format!("{} {}", request.method(), request.uri());
            let headers = request.headers().clone();
            let body_of_request = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            record.lock().unwrap().push(Recorded {
                line,
                headers,
                body: body_of_request,
            });
            (parts.status, parts.headers.clone(), body.clone()).into_response()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, requests }
    }

    /// The one request that came.
    #[track_caller]
    pub(crate) fn only_request(&self) -> Recorded {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }
}
