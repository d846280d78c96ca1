//! Running cargo's tests, and counting while they run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::counts::Counts;
use crate::cargo::{announce, cargo, output};

const END_TO_END: &str = "jetway-tests";

/// Always with the whole workspace, as it is built: see [`crate::build::run_all`].
const TEST: [&str; 4] = ["test", "--release", "--workspace", "--no-fail-fast"];

/// The tests inside the crates.
pub(super) fn unit(counts: &mut Counts) -> Result<()> {
    announce("Unit tests");
    let targets = integration_tests()?
        .into_iter()
        .flat_map(|name| ["--test".to_owned(), name]);
    let tests = run(cargo(&TEST).args(["--lib", "--bins"]).args(targets), counts);
    let examples = run(cargo(&TEST).arg("--doc"), counts);
    tests.and(examples)
}

/// The tests of the built components.
pub(super) fn end_to_end(counts: &mut Counts) -> Result<()> {
    announce("End-to-end tests");
    run(cargo(&TEST).args(["--test", "e2e"]), counts)
}

/// The integration tests that need nothing but their own crate.
fn integration_tests() -> Result<Vec<String>> {
    let mut metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata = output(&mut metadata).context("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"])
        .into_iter()
        .filter(|package| package["name"] != END_TO_END);
    let targets = packages.flat_map(|package| list(&package["targets"]));
    let tests = targets.filter(|target| list(&target["kind"]).contains(&"test".into()));
    Ok(tests
        .filter_map(|test| Some(test["name"].as_str()?.to_owned()))
        .collect())
}

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
