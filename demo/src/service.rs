//! Starting and stopping a service on a listener that the caller has bound.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::assertion::{Gateway, Verifier};
use crate::{bookings, flights};

/// How long a service that stops may take to tell what it has not told yet.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a flight service is started with. By itself it trusts the identity headers and has nobody to tell of changes.
#[derive(Clone, Debug, Default)]
pub struct FlightOptions {
    /// Whose assertions it verifies: it takes only what this gateway has signed.
    pub gateway: Option<Gateway>,
    /// Where the booking service is or will be, to be told of flights that leave at another time.
    pub bookings: Option<String>,
}

/// What a booking service is started with. By itself it trusts the identity headers and publishes nothing.
#[derive(Clone, Debug, Default)]
pub struct BookingOptions {
    /// Whose assertions it verifies: it takes only what this gateway has signed.
    pub gateway: Option<Gateway>,
    /// The Redis on which it publishes what becomes of bookings; it may come and go.
    pub redis: Option<String>,
}

/// A service that answers requests until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
    /// What tells others, if anything does. It ends by itself when the service has ended.
    teller: Option<JoinHandle<()>>,
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
        if let Some(teller) = &mut self.teller {
            // Nobody can do anything about what could not be told by now.
            drop(timeout(LAST_WORDS, teller).await);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(teller) = &self.teller {
            teller.abort();
        }
    }
}

/// Starts a flight service with a fresh timetable.
pub fn start_flights(listener: TcpListener, options: &FlightOptions) -> io::Result<Running> {
    let verifier = verifier("flights", options.gateway.as_ref())?;
    let (router, teller) =
        flights::router(verifier, options.bookings.as_deref()).map_err(io::Error::other)?;
    start(listener, router, teller)
}

/// Starts a booking service that reserves its seats at the flight service under `flights_url`.
pub fn start_bookings(
    listener: TcpListener,
    flights_url: &str,
    options: &BookingOptions,
) -> io::Result<Running> {
    let verifier = verifier("bookings", options.gateway.as_ref())?;
    let flights = bookings::FlightService::new(flights_url).map_err(io::Error::other)?;
    let (events, teller) = match &options.redis {
        Some(url) => bookings::Events::on_redis(url)
            .map(|(events, task)| (events, Some(task)))
            .map_err(io::Error::other)?,
        None => (bookings::Events::to_nobody(), None),
    };
    start(listener, bookings::router(flights, events, verifier), teller)
}

fn verifier(service: &'static str, gateway: Option<&Gateway>) -> io::Result<Option<Arc<Verifier>>> {
    let verifier = gateway.map(|gateway| Verifier::new(service, gateway).map(Arc::new));
    verifier.transpose().map_err(io::Error::other)
}

fn start(listener: TcpListener, router: Router, teller: Option<JoinHandle<()>>) -> io::Result<Running> {
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
        teller,
    })
}
