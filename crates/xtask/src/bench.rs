//! `cargo xtask bench`: gets everything ready that the benchmark runs, and runs it. What is measured, and how, is the matter of
//! the crate in `bench/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::cargo::{announce, cargo, output, run};
use crate::cli::BenchOptions;
use crate::workspace::{BENCH_GUESTS, COMPONENT_PROFILE, WASM, program, root, target};
use crate::{components, install, spin};

const REMEDY: &str = "the benchmark needs nginx and wrk: install them (Debian, Ubuntu: `apt-get install nginx wrk`; \
    macOS: `brew install nginx wrk`)";

/// The first Node that runs all packages of the Express gateway.
const OLDEST_NODE: u32 = 18;

/// Measures, and writes the report.
pub(crate) fn run_all(options: &BenchOptions) -> Result<()> {
    // What can be refused at once is refused before the build.
    let spin = find_spin(options.spin.as_deref())?;
    check_node()?;
    install::ensure(&["nginx", "wrk"], REMEDY)?;
    if !options.skip_build {
        build::run_all()?;
        announce("Building the components to compare with");
        for guest in BENCH_GUESTS {
            run(&mut cargo(&[
                "build",
                "--target",
                WASM,
                "--profile",
                COMPONENT_PROFILE,
                "-p",
                guest,
            ]))?;
        }
        announce("Installing the packages of the Express gateway (npm ci)");
        run(Command::new("npm")
            .arg("ci")
            .current_dir(root().join("bench/express")))?;
    }
    announce("Measuring");
    run(Command::new(program("jetway-bench"))
        .args(arguments(options, spin))
        .args(components::flags(&components::of_the_gateway()?)))
}

/// What is said on to the program that measures.
fn arguments(options: &BenchOptions, spin: Option<PathBuf>) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut add = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);
    let is_usual = options.max_instance_reuse_count == spin::INSTANCE_REUSE;
    let is_trial = options.quick || !options.only.is_empty() || !is_usual;
    let report = if is_trial {
        target().join("bench")
    } else {
        root().join("docs")
    };
    add("--out", report.display().to_string());
    add(
        "--max-instance-reuse-count",
        options.max_instance_reuse_count.to_string(),
    );
    if let Some(rounds) = options.rounds {
        add("--rounds", rounds.to_string());
    }
    if let Some(seconds) = options.seconds {
        add("--seconds", seconds.to_string());
    }
    if !options.only.is_empty() {
        add("--only", options.only.join(","));
    }
    if let Some(spin) = spin {
        add("--spin", spin.display().to_string());
    }
    if options.quick {
        arguments.push("--quick".to_owned());
    }
    arguments
}

/// The one that is named, which must do; else the one on the PATH, if it does.
fn find_spin(named: Option<&Path>) -> Result<Option<PathBuf>> {
    let on_path = Path::new("spin");
    match named {
        Some(named) => spin::check(named).map(|()| Some(named.to_owned())),
        None => Ok(spin::check(on_path).is_ok().then(|| on_path.to_owned())),
    }
}

fn check_node() -> Result<()> {
    let remedy = format!("the Express gateway needs Node {OLDEST_NODE} or later, with npm");
    let answer = output(Command::new("node").arg("--version")).with_context(|| remedy.clone())?;
    match node_version(&answer) {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        _ => bail!("{remedy}; this one is {}", answer.trim()),
    }
}

/// The major version from `v20.19.1`.
fn node_version(answer: &str) -> Option<u32> {
    answer.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> BenchOptions {
        BenchOptions {
            rounds: Some(3),
            seconds: None,
            quick: false,
            only: Vec::new(),
            spin: None,
            max_instance_reuse_count: spin::INSTANCE_REUSE,
            skip_build: true,
        }
    }

    #[test]
    fn node_says_its_version() {
        assert_eq!(node_version("v20.19.1\n"), Some(20));
        assert_eq!(node_version("node"), None);
    }

    #[test]
    fn a_trial_leaves_the_published_report_alone() {
        let report = |options: &BenchOptions| arguments(options, None)[1].clone();
        assert!(report(&options()).ends_with("docs"));
        let quick = BenchOptions {
            quick: true,
            ..options()
        };
        let some = BenchOptions {
            only: vec!["get-32".to_owned()],
            ..options()
        };
        assert!(report(&quick).ends_with("target/bench"));
        assert!(report(&some).ends_with("target/bench"));
        let as_spin_has_it = BenchOptions {
            max_instance_reuse_count: 128,
            ..options()
        };
        assert!(report(&as_spin_has_it).ends_with("target/bench"));
    }

    #[test]
    fn options_are_passed_on() {
        let some = BenchOptions {
            only: vec!["jetway".to_owned(), "get-32".to_owned()],
            quick: true,
            ..options()
        };
        let arguments = arguments(&some, Some(PathBuf::from("/opt/spin"))).join(" ");
        assert!(
            arguments.ends_with(
                "--max-instance-reuse-count 1024 --rounds 3 --only jetway,get-32 --spin /opt/spin --quick"
            ),
            "{arguments}"
        );
    }
}
