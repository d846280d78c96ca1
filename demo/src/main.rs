//! Runs both demo services in one process.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use jetway_demo::{BookingOptions, FlightOptions, Gateway, start_bookings, start_flights};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A flight service and a booking service for the Jetway gateway to call.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the flight service listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    flights: SocketAddr,
    /// Where the booking service listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000")]
    bookings: SocketAddr,
    /// Where the gateway is, which may start later. With it the services take only requests whose caller assertion they can
    /// verify; without it they trust the identity headers of whoever can reach them.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// What the gateway calls itself: its variable `issuer`.
    #[arg(long, value_name = "NAME", default_value = "jetway")]
    issuer: String,
    /// The Redis on which the booking service publishes what becomes of bookings. Without it nothing is published.
    #[arg(long, value_name = "URL", env = "JETWAY_DEMO_REDIS", hide_env_values = true)]
    redis: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The handlers stand before the addresses are printed: whoever reads those may stop us at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let gateway = arguments.gateway.map(|url| Gateway {
        url,
        issuer: arguments.issuer,
    });
    // Each has to know where the other is.
    let (flights, bookings) = (
        listen(arguments.flights).await?,
        listen(arguments.bookings).await?,
    );
    let options = FlightOptions {
        gateway: gateway.clone(),
        bookings: Some(format!("http://{}", bookings.local_addr()?)),
    };
    let flights = start_flights(flights, &options)?;
    println!("flight service on {}", flights.url());
    let options = BookingOptions {
        gateway,
        // An empty variable is none.
        redis: arguments.redis.filter(|url| !url.is_empty()),
    };
    let bookings =
        start_bookings(bookings, &flights.url(), &options).context("cannot start the booking service")?;
    println!("booking service on {}", bookings.url());

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    bookings.stop().await;
    flights.stop().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}
