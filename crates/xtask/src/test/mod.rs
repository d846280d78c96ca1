//! `cargo xtask test`: every check, one after another, and at the end how each went.

mod cargo_test;
mod counts;
mod redis_server;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::cargo::announce;
use crate::cli::Step;
use crate::{build, deny, lint};
use counts::Counts;

const ALL: [Step; 5] = [Step::Fmt, Step::Lint, Step::Deny, Step::Unit, Step::E2e];

/// How a step ended.
struct Outcome {
    step: &'static str,
    seconds: u64,
    error: Option<anyhow::Error>,
}

/// Runs the steps, all of them if none is named. A failed step does not keep the others from running.
pub(crate) fn run(only: &[Step]) -> Result<()> {
    let wanted = |step: Step| only.is_empty() || only.contains(&step);
    let mut outcomes = Vec::new();
    let mut counts = Counts::default();
    for step in ALL.into_iter().filter(|step| wanted(*step)) {
        match step {
            Step::Fmt => outcomes.push(time("fmt", || {
                announce("Checking the format");
                lint::format(true)
            })),
            Step::Lint => outcomes.push(time("lint", lint::clippy)),
            Step::Deny => outcomes.push(time("deny", deny::check)),
            Step::Unit => outcomes.push(time("unit", || cargo_test::unit(&mut counts))),
            Step::E2e => {
                let built = time("build", || {
                    redis_server::ensure()?;
                    build::run_all()
                });
                let usable = built.error.is_none();
                outcomes.push(built);
                if usable {
                    outcomes.push(time("e2e", || cargo_test::end_to_end(&mut counts)));
                }
            }
        }
    }
    summarise(&outcomes, &counts)
}

fn time(step: &'static str, work: impl FnOnce() -> Result<()>) -> Outcome {
    let start = Instant::now();
    let error = work().err();
    if let Some(error) = &error {
        eprintln!("error: {error:#}");
    }
    Outcome {
        step,
        seconds: start.elapsed().as_secs(),
        error,
    }
}

/// Prints how each step ended and, last and alone on its line, how many tests passed and failed.
fn summarise(outcomes: &[Outcome], counts: &Counts) -> Result<()> {
    println!("\n== Summary");
    for Outcome { step, seconds, error } in outcomes {
        let verdict = if error.is_none() { "passed" } else { "FAILED" };
        println!("{step:<6} {verdict}  {seconds:>4} s");
    }
    if counts.ignored > 0 {
        println!("{} ignored", counts.ignored);
    }
    if let Some(totals) = counts.totals() {
        println!("{totals}");
    }
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.error.is_some())
        .map(|outcome| outcome.step)
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}
