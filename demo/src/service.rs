//! Starting and stopping a service on a listener that the caller has bound.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::assertion::{Gateway, Verifier};
use crate::{bookings, flights};

/// A service that answers requests until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// The address the service listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service's base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets requests in progress finish, then stops. Idle connections are closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The task may have ended by itself; then there is nobody left to tell.
            let _ = stop.send(());
        }
        drop((&mut self.task).await);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a flight service with a fresh timetable, which trusts the identity headers.
pub fn start_flights(listener: TcpListener) -> io::Result<Running> {
    start(listener, flights::router(None))
}

/// The same, which takes only what this gateway has signed.
pub fn start_verifying_flights(listener: TcpListener, gateway: &Gateway) -> io::Result<Running> {
    start(listener, flights::router(Some(verifier("flights", gateway)?)))
}

/// Starts a booking service that reserves its seats at the flight service under `flights_url`, and trusts the identity
/// headers.
pub fn start_bookings(listener: TcpListener, flights_url: &str) -> io::Result<Running> {
    let flights = bookings::FlightService::new(flights_url).map_err(io::Error::other)?;
    start(listener, bookings::router(flights, None))
}

/// The same, which takes only what this gateway has signed.
pub fn start_verifying_bookings(
    listener: TcpListener,
    flights_url: &str,
    gateway: &Gateway,
) -> io::Result<Running> {
    let flights = bookings::FlightService::new(flights_url).map_err(io::Error::other)?;
    start(
        listener,
        bookings::router(flights, Some(verifier("bookings", gateway)?)),
    )
}

fn verifier(service: &'static str, gateway: &Gateway) -> io::Result<Arc<Verifier>> {
    Verifier::new(service, gateway)
        .map(Arc::new)
        .map_err(io::Error::other)
}

fn start(listener: TcpListener, router: Router) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    // Without this an answer in two segments waits for the gateway's delayed acknowledgement.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        // A dropped sender means the same as a message: nobody wants the service any more.
        drop(stopped.await);
    });
    let task = tokio::spawn(async move { server.await });
    Ok(Running {
        address,
        stop: Some(stop),
        task,
    })
}
