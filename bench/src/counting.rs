//! How often proxied requests write to the key-value store, and reach for the database.
//!
//! Both are counted from outside, so that the same figures come from every runtime:
//!
//! - SQLite counts the writing transactions of a file ([`store::writes`]).
//! - The kernel tells how often the database's file is opened. A component that has a statement to make opens a connection of
//!   its own, and loses it with its instance, which does not outlive a second without requests. So once a gateway has been left
//!   alone, no connection is open, and if none is opened, no statement is made.

mod openings;

use std::time::Duration;

use anyhow::Result;

use crate::client;
use crate::contestant::{Contestant, Start};
use crate::service::Services;
use crate::store;
use crate::workload::SMALL;
use crate::workplace::Workplace;
use openings::Openings;

const DATABASE: &str = "sqlite_db.db";

/// Requests of one client in a minute, and how far apart they come: nine tenths of what it may.
const QUOTA: u32 = 600;
const PERIOD: Duration = Duration::from_millis(110);

/// After so long, no instance is left of those that signed us in.
const LEFT_ALONE: Duration = Duration::from_secs(4);

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counts {
    pub(crate) requests: u32,
    pub(crate) store_writes: u32,
    /// None where the kernel does not tell.
    pub(crate) database_connections: Option<u32>,
}

impl Counts {
    pub(crate) fn writes_a_request(&self) -> f64 {
        f64::from(self.store_writes) / f64::from(self.requests)
    }

    pub(crate) fn connections_a_request(&self) -> Option<f64> {
        Some(f64::from(self.database_connections?) / f64::from(self.requests))
    }
}

/// Counts what the requests of one steady client cause, for this long.
pub(crate) async fn count(
    contestant: &Contestant,
    duration: Duration,
    services: &Services,
    workplace: &Workplace,
) -> Result<Counts> {
    let start = Start {
        name: format!("{}-counting", contestant.id()),
        limit: QUOTA,
    };
    let file = workplace.store(&start.name);
    let running = contestant.start(&start, services, workplace).await?;
    let token = client::sign_up_and_in(running.address).await?;
    tokio::time::sleep(LEFT_ALONE).await;

    let requests = u32::try_from(duration.as_millis() / PERIOD.as_millis())?;
    let before = store::writes(&file)?;
    let openings = Openings::watch(&workplace.state(&start.name).join(DATABASE))?;
    client::steadily(running.address, SMALL, &token, requests, PERIOD).await?;
    let counts = Counts {
        requests,
        store_writes: store::writes(&file)?.wrapping_sub(before),
        database_connections: openings.count()?,
    };
    running.stop()?;
    Ok(counts)
}
