//! Runs both demo services in one process.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use jetway_demo::{start_bookings, start_flights};
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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The handlers stand before the addresses are printed: whoever reads those may stop us at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let flights = start_flights(listen(arguments.flights).await?)?;
    println!("flight service on {}", flights.url());
    let bookings = start_bookings(listen(arguments.bookings).await?, &flights.url())?;
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
