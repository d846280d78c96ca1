//! Running cargo's tests, and counting while they run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use crate::cargo::{announce, cargo};

const END_TO_END: &str = "jetway-tests";

/// The tests inside the crates.
pub(super) fn unit(counts: &mut Counts) -> Result<()> {
    announce("Unit tests");
    run(
        cargo(&TEST).args(["--workspace", "--exclude", END_TO_END]),
        counts,
    )
}

/// The tests of the built components.
pub(super) fn end_to_end(counts: &mut Counts) -> Result<()> {
    announce("End-to-end tests");
    run(cargo(&TEST).args(["-p", END_TO_END]), counts)
}

const TEST: [&str; 3] = ["test", "--release", "--no-fail-fast"];

/// Shows the runner's output as it comes, and adds up its results.
fn run(command: &mut Command, counts: &mut Counts) -> Result<()> {
    let failed_before = counts.failed;
    let mut tests = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let output = tests
        .stdout
        .take()
        .context("the output of cargo test is not there")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read what cargo test says")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts.add(&line);
    }
    if !tests.wait()?.success() {
        if counts.failed == failed_before {
            counts.mark_incomplete();
        }
        bail!("tests failed");
    }
    Ok(())
}
