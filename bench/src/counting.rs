//! How often proxied requests write to the key-value store, and reach for the database.
//!
//! Both are counted from outside, so that the same figures come from every runtime:
//!
//! - SQLite counts the writing transactions of a file in the file's own header, as long as it keeps a rollback journal, which is
//!   what both runtimes do with the key-value store.
//! - The kernel tells how often the database's file is opened. A component that has a statement to make opens a connection of
//!   its own, and loses it with its instance, which does not outlive a second without requests. So once a gateway has been left
//!   alone, no connection is open, and if none is opened, no statement is made.

mod openings;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::client;
use crate::contestant::{Contestant, Start};
use crate::service::Services;
use crate::workload::SMALL;
use crate::workplace::Workplace;
use openings::Openings;

const STORE: &str = "sqlite_key_value.db";
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
    let state = workplace.state(&start.name);
    let running = contestant.start(&start, services, workplace).await?;
    let token = client::sign_up_and_in(running.address).await?;
    tokio::time::sleep(LEFT_ALONE).await;

    let requests = u32::try_from(duration.as_millis() / PERIOD.as_millis())?;
    let before = writes(&state.join(STORE))?;
    let openings = Openings::watch(&state.join(DATABASE))?;
    client::steadily(running.address, SMALL, &token, requests, PERIOD).await?;
    let counts = Counts {
        requests,
        store_writes: writes(&state.join(STORE))?.wrapping_sub(before),
        database_connections: openings.count()?,
    };
    running.stop()?;
    Ok(counts)
}

/// How many transactions have written to a file, modulo 2^32.
fn writes(file: &Path) -> Result<u32> {
    let mut head = [0; 100];
    let mut opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    opened.read_exact(&mut head)?;
    change_counter(&head)
}

/// The file format says where: <https://sqlite.org/fileformat.html>.
fn change_counter(head: &[u8; 100]) -> Result<u32> {
    const ROLLBACK_JOURNAL: u8 = 1;
    ensure!(
        head.starts_with(b"SQLite format 3\0"),
        "the store is not an SQLite file"
    );
    if head[18] != ROLLBACK_JOURNAL {
        bail!("the store keeps a write-ahead log, which does not count transactions");
    }
    Ok(u32::from_be_bytes([head[24], head[25], head[26], head[27]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(journal: u8) -> [u8; 100] {
        let mut head = [0; 100];
        head[..16].copy_from_slice(b"SQLite format 3\0");
        head[18] = journal;
        head[26..28].copy_from_slice(&[1, 2]);
        head
    }

    #[test]
    fn the_files_own_count_is_read_where_there_is_one() {
        assert_eq!(change_counter(&head(1)).unwrap(), 258);
        assert!(change_counter(&head(2)).is_err());
        assert!(change_counter(&[0; 100]).is_err());
    }
}
