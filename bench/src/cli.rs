//! What can be asked of the benchmark. `cargo xtask bench` has the same options and passes them on.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
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
    /// A component of Jetway's to run [default: all]. What Redis wakes takes the others along on Spin when there is no Redis.
    #[arg(short = 'c', long = "component-id", value_name = "ID")]
    pub(crate) components: Vec<String>,
    /// Requests that an instance of a component serves, whichever runtime it is on.
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_instance_reuse_count: usize,
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
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 1 } else { 4 }).max(1))
    }

    /// How long the steady client goes on whose store writes are counted.
    pub(crate) fn steady(&self) -> Duration {
        Duration::from_secs(if self.quick { 5 } else { 50 })
    }

    /// How many starts are timed with everything compiled.
    pub(crate) fn warm_starts(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// Whether a contestant is measured.
    pub(crate) fn wants_contestant(&self, id: &str) -> bool {
        let names_one = |word: &String| CONTESTANTS.iter().any(|known| names(word, known));
        !self.only.iter().any(names_one) || self.only.iter().any(|word| names(word, id))
    }

    /// Whether a workload is measured.
    pub(crate) fn wants(&self, workload: Workload) -> bool {
        self.wants_part(workload.name())
    }

    /// Whether the first answers after a start are timed.
    pub(crate) fn wants_starts(&self) -> bool {
        self.wants_part(STARTS)
    }

    /// Whether store writes and database statements are counted.
    pub(crate) fn wants_counts(&self) -> bool {
        self.wants_part(COUNTS)
    }

    fn wants_part(&self, name: &str) -> bool {
        let names_one = |word: &String| parts().any(|part| part == word);
        !self.only.iter().any(names_one) || self.only.iter().any(|word| word == name)
    }

    /// Fails if `--only` names something that there is not: a run that leaves out what was meant would look like a whole one.
    pub(crate) fn check(&self) -> Result<()> {
        for word in &self.only {
            let is_contestant = CONTESTANTS.iter().any(|known| names(word, known));
            ensure!(
                is_contestant || parts().any(|part| part == word),
                "--only {word}: there is no such contestant or measurement; there are {}, {}",
                CONTESTANTS.join(", "),
                parts().collect::<Vec<_>>().join(", ")
            );
        }
        Ok(())
    }
}

const STARTS: &str = "starts";
const COUNTS: &str = "counts";

const CONTESTANTS: [&str; 8] = [
    "express",
    "nginx",
    "forwarder-host",
    "layers-host",
    "jetway-host",
    "forwarder-spin",
    "layers-spin",
    "jetway-spin",
];

/// Everything that can be measured of a contestant.
fn parts() -> impl Iterator<Item = &'static str> {
    Workload::ALL
        .into_iter()
        .map(Workload::name)
        .chain([STARTS, COUNTS])
}

/// Whether a word means this contestant: by its whole name, or without the runtime.
fn names(word: &str, id: &str) -> bool {
    word == id || id.rsplit_once('-').is_some_and(|(gateway, _)| gateway == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(more: &[&str]) -> Options {
        let always = ["jetway-bench", "--out", "x", "--max-instance-reuse-count", "128"];
        Options::parse_from(always.iter().chain(more))
    }

    fn only(words: &str) -> Options {
        options(&["--only", words])
    }

    #[test]
    fn without_only_everything_is_measured() {
        let options = options(&[]);
        assert!(options.wants_contestant("nginx") && options.wants(Workload::Get1) && options.wants_counts());
        assert_eq!(
            (options.rounds(), options.duration()),
            (5, Duration::from_secs(4))
        );
    }

    #[test]
    fn contestants_and_measurements_are_chosen_apart() {
        let options = only("get-32");
        assert!(options.wants_contestant("express") && options.wants(Workload::Get32));
        assert!(!options.wants(Workload::Get1) && !options.wants_starts());

        let options = only("jetway,nginx");
        assert!(options.wants_contestant("jetway-spin") && options.wants_contestant("nginx"));
        assert!(!options.wants_contestant("express") && options.wants(Workload::Get1));

        let options = only("jetway-host,starts");
        assert!(options.wants_contestant("jetway-host") && !options.wants_contestant("jetway-spin"));
        assert!(options.wants_starts() && !options.wants(Workload::Flood) && !options.wants_counts());
    }

    #[test]
    fn a_name_that_means_nothing_is_refused() {
        assert!(only("jetway,get-32,counts").check().is_ok());
        assert!(only("jetway,get-33").check().is_err());
    }
}
