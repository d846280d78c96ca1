//! How many connections there may be: no more than leaves files for everything else.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that stay for databases, services and the rest.
const RESERVE: usize = 100;
/// Where the system does not say how many files may be open.
const USUAL_FILES: usize = 1024;
/// More are not served well.
const MOST: usize = 20_000;

/// The places for connections.
pub(super) struct Places(Arc<Semaphore>);

impl Places {
    /// As many as the limit of open files leaves: half of them, because a connection may have another to a service.
    pub(super) fn by_open_files() -> Self {
        let places = (open_files().saturating_sub(RESERVE) / 2).clamp(16, MOST);
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Waits until there is one.
    pub(super) async fn wait(&self) {
        // It is never closed.
        drop(self.0.acquire().await);
    }

    /// Takes one, if there is one: who waited has it, as only one waits.
    pub(super) fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// How many files the process may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(USUAL_FILES)
}
