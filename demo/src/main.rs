//! Runs both demo services in one process.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use jetway_demo::{
    Gateway, start_bookings, start_flights, start_verifying_bookings, start_verifying_flights,
};
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
    let listener = listen(arguments.flights).await?;
    let flights = match &gateway {
        Some(gateway) => start_verifying_flights(listener, gateway)?,
        None => start_flights(listener)?,
    };
    println!("flight service on {}", flights.url());
    let listener = listen(arguments.bookings).await?;
    let bookings = match &gateway {
        Some(gateway) => start_verifying_bookings(listener, &flights.url(), gateway)?,
        None => start_bookings(listener, &flights.url())?,
    };
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
