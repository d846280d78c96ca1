//! How often proxied requests write to the key-value store, and reach for the database.
//!
//! Both are counted from outside, so that the same figures come from every runtime:
//!
//! - SQLite counts the writing transactions of a file: in the file's own header where it keeps a rollback journal, as Spin's key-value
//!   store does, and in the index of the write-ahead log where it has one, as the embedded host's.
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
    match journal(&beginning(file)?)? {
        Journal::Rollback(count) => Ok(count),
        Journal::WriteAhead => {
            let mut index = file.as_os_str().to_owned();
            index.push("-shm");
            Ok(changes(&beginning(Path::new(&index))?))
        }
    }
}

/// The header of a file, or of the index of its log.
type Head = [u8; 100];

fn beginning(file: &Path) -> Result<Head> {
    let mut head = [0; _];
    let mut opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    opened.read_exact(&mut head)?;
    Ok(head)
}

/// What a file says of its journal.
#[derive(Debug, PartialEq)]
enum Journal {
    /// It counts the transactions.
    Rollback(u32),
    /// The log's index does.
    WriteAhead,
}

/// The file format says where: <https://sqlite.org/fileformat.html>.
fn journal(head: &Head) -> Result<Journal> {
    ensure!(
        head.starts_with(b"SQLite format 3\0"),
        "the store is not an SQLite file"
    );
    match head[18] {
        1 => Ok(Journal::Rollback(u32::from_be_bytes([
            head[24], head[25], head[26], head[27],
        ]))),
        2 => Ok(Journal::WriteAhead),
        other => bail!("the store has a journal of an unknown kind, {other}"),
    }
}

/// `iChange` of the index, in the machine's own order of bytes: <https://sqlite.org/walformat.html>.
fn changes(index: &Head) -> u32 {
    u32::from_ne_bytes([index[8], index[9], index[10], index[11]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: u8) -> Head {
        let mut head = [0; _];
        head[..16].copy_from_slice(b"SQLite format 3\0");
        head[18] = kind;
        head[26..28].copy_from_slice(&[1, 2]);
        head
    }

    #[test]
    fn the_files_own_count_is_read_where_there_is_one() {
        assert_eq!(journal(&head(1)).unwrap(), Journal::Rollback(258));
        assert_eq!(journal(&head(2)).unwrap(), Journal::WriteAhead);
        assert!(journal(&head(3)).is_err());
        assert!(journal(&[0; _]).is_err());
    }
}
