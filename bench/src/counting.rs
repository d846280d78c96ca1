//! How often a proxied request writes to the key-value store, and asks the database.
//!
//! Both are counted from outside, so that the same figures come from every runtime:
//!
//! - SQLite counts the writing transactions of a file in the file's own header, as long as it keeps a rollback journal, which is
//!   what both runtimes do with the key-value store.
//! - The database is taken away while the gateway is stopped. If requests then pass, and no file has appeared in its place, not
//!   one connection was made: a connection to a file that is not there makes one.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::client;
use crate::contestant::{Contestant, Start};
use crate::service::Services;
use crate::workload::SMALL;
use crate::workplace::Workplace;

const STORE: &str = "sqlite_key_value.db";
const DATABASE: &str = "sqlite_db.db";

/// Requests of one client in a minute, and how far apart they come: nine tenths of what it may.
const QUOTA: u32 = 600;
const PERIOD: Duration = Duration::from_millis(110);

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counts {
    pub(crate) requests: u32,
    pub(crate) store_writes: u32,
    /// Whether any request reached for the database.
    pub(crate) database_opened: bool,
}

impl Counts {
    pub(crate) fn writes_a_request(&self) -> f64 {
        f64::from(self.store_writes) / f64::from(self.requests)
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
    running.stop()?;
    take_away(&state)?;

    let running = contestant.start(&start, services, workplace).await?;
    // The first request may prepare what the others use.
    client::steadily(running.address, SMALL, &token, 1, PERIOD).await?;
    let requests = u32::try_from(duration.as_millis() / PERIOD.as_millis())?;
    let before = writes(&state.join(STORE))?;
    client::steadily(running.address, SMALL, &token, requests, PERIOD).await?;
    let after = writes(&state.join(STORE))?;
    let database_opened = state.join(DATABASE).exists();
    running.stop()?;
    Ok(Counts {
        requests,
        store_writes: after.wrapping_sub(before),
        database_opened,
    })
}

/// Puts the database, and what SQLite keeps beside it, where nobody looks for it.
fn take_away(state: &Path) -> Result<()> {
    let away = state.join("away");
    fs::create_dir_all(&away)?;
    ensure!(
        state.join(DATABASE).exists(),
        "there is no database {DATABASE} in the state folder"
    );
    for entry in fs::read_dir(state)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(DATABASE) {
            fs::rename(entry.path(), away.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// How many transactions have written to a file, modulo 2^32.
fn writes(file: &Path) -> Result<u32> {
    let mut head = [0; 100];
    let mut opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    opened.seek(SeekFrom::Start(0))?;
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
