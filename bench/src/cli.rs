//! What can be asked of the benchmark. `cargo xtask bench` has the same options and passes them on.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::workload::Workload;

#[derive(Parser)]
pub(crate) struct Options {
    /// Rounds; each contestant is measured once in each.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each measurement.
    #[arg(long)]
    seconds: Option<u64>,
    /// Short rounds, to try the benchmark.
    #[arg(long)]
    quick: bool,
    /// Only these contestants and workloads, by name.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A spin to measure on, besides the embedded host.
    #[arg(long)]
    pub(crate) spin: Option<PathBuf>,
    /// Where the report goes.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

impl Options {
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 }).max(1)
    }

    /// How long each measurement takes. `wrk` counts in whole seconds.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 1 } else { 5 }).max(1))
    }

    /// How long the steady client goes on whose store writes are counted.
    pub(crate) fn steady(&self) -> Duration {
        Duration::from_secs(if self.quick { 5 } else { 50 })
    }

    /// How many starts are timed with everything compiled.
    pub(crate) fn warm_starts(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// Whether a contestant takes part. One that no word of `--only` names does, as long as none names another.
    pub(crate) fn wants_contestant(&self, id: &str, all: &[String]) -> bool {
        let named = |id: &str| self.only.iter().any(|word| word == id || id.split('-').next() == Some(word));
        named(id) || !all.iter().any(|other| named(other))
    }

    /// Whether a workload is measured; likewise.
    pub(crate) fn wants(&self, workload: Workload) -> bool {
        self.wants_part(workload.name(), Workload::ALL.map(Workload::name).as_slice())
    }

    /// Whether the first requests after a start are timed.
    pub(crate) fn wants_starts(&self) -> bool {
        self.wants_part(STARTS, &[])
    }

    /// Whether store writes and database statements are counted.
    pub(crate) fn wants_counts(&self) -> bool {
        self.wants_part(COUNTS, &[])
    }

    fn wants_part(&self, name: &str, _: &[&str]) -> bool {
        let named = |name: &str| self.only.iter().any(|word| word == name);
        let parts = Workload::ALL.map(Workload::name).into_iter().chain([STARTS, COUNTS]);
        named(name) || !parts.into_iter().any(named)
    }
}

const STARTS: &str = "starts";
const COUNTS: &str = "counts";
