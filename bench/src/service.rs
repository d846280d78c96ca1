//! What stands behind the gateways: the service that they forward to, and the one that nginx asks about tokens. Both are native and
//! do next to nothing, so that they are never what is measured.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::net::TcpListener;

use crate::token::Verifier;
use crate::workload::Workload;

const BOOKING: &str =
    r#"{"id":"1","flight_id":"LH-441","seats":1,"status":"confirmed","booked_at":"2026-11-24T12:00:00Z"}"#;

/// Where they listen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Services {
    pub(crate) upstream: SocketAddr,
    pub(crate) auth: SocketAddr,
}

/// Starts both in this process, for as long as it lives.
pub(crate) async fn start() -> Result<Services> {
    let auth = Router::new()
        .route("/auth", get(authenticate))
        .with_state(Arc::new(Verifier::new()));
    // Once as it is, and once where the layered forwarder looks for it.
    let upstream = Router::new().merge(upstream()).nest("/layered", upstream());
    Ok(Services {
        upstream: serve(upstream).await?,
        auth: serve(auth).await?,
    })
}

fn upstream() -> Router {
    let small = || get(|| async { answer("application/json", Bytes::from_static(BOOKING.as_bytes())) });
    let large = |workload: Workload| {
        let body = Bytes::from(vec![b'x'; workload.payload()]);
        get(move || async move { answer("application/octet-stream", body) })
    };
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/v1/flights/{id}", small())
        .route("/api/v1/bookings/{id}", small())
        .route("/api/v1/bookings/1mib", large(Workload::Down1))
        .route("/api/v1/bookings/64mib", large(Workload::Down64))
        .route("/api/v1/bookings/sink", post(swallow))
}

fn answer(content_type: &'static str, body: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type)], body)
}

/// Reads the whole body, and then says how much it was.
async fn swallow(body: Body) -> Result<impl IntoResponse, StatusCode> {
    let mut stream = body.into_data_stream();
    let mut received = 0;
    while let Some(chunk) = stream.next().await {
        received += chunk.map_err(|_| StatusCode::BAD_REQUEST)?.len();
    }
    Ok(Json(json!({"received": received})))
}

async fn authenticate(State(verifier): State<Arc<Verifier>>, headers: HeaderMap) -> impl IntoResponse {
    let token = headers.get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match token.and_then(|token| verifier.verify(token)) {
        Some(claims) => Ok(([("x-user-id", claims.sub)], StatusCode::NO_CONTENT)),
        None => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("cannot listen on 127.0.0.1")?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // Where it cannot be had the service is slower, for all alike.
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
