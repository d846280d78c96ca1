//! `cargo xtask fuzz`: builds the targets in `fuzz/` with coverage, which stable Rust can, and runs them one after another.

use std::env::consts::ARCH;
use std::fs;

use anyhow::{Result, bail};

use crate::cargo::{announce, cargo, run};
use crate::cli::FuzzOptions;
use crate::workspace::{root, target};

/// What libFuzzer wants in the code: which edges were passed, and what was compared with what.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// All there are, and the longest input that is worth a try.
const TARGETS: [(&str, u32); 5] = [
    ("token", 9000),
    ("json", 4096),
    ("client", 2048),
    ("headers", 2048),
    ("refresh_token", 64),
];

/// Runs the targets, all if none is named. The first input that breaks one ends it.
pub(crate) fn run_all(options: &FuzzOptions) -> Result<()> {
    if let Some(unknown) = options
        .targets
        .iter()
        .find(|name| TARGETS.iter().all(|(known, _)| known != name))
    {
        bail!("there is no fuzz target {unknown}");
    }
    let folder = target().join("fuzz");
    let triple = format!("{ARCH}-unknown-linux-gnu");
    announce("Building the fuzz targets");
    let manifest = root().join("fuzz/Cargo.toml");
    run(
        cargo(&["build", "--release", "--target", &triple, "--manifest-path"])
            .arg(manifest)
            // With --target, these are not for build scripts.
            .env("RUSTFLAGS", COVERAGE)
            .env("CARGO_TARGET_DIR", &folder),
    )?;
    let wanted =
        |name: &str| options.targets.is_empty() || options.targets.iter().any(|target| target == name);
    for (name, longest) in TARGETS.into_iter().filter(|(name, _)| wanted(name)) {
        announce(&format!("Fuzzing {name} for {} seconds", options.seconds));
        let corpus = folder.join("corpus").join(name);
        fs::create_dir_all(&corpus)?;
        let program = folder.join(&triple).join("release").join(name);
        run(std::process::Command::new(program)
            .arg(format!("-max_total_time={}", options.seconds))
            .arg(format!("-max_len={longest}"))
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", folder.display()))
            .arg(corpus)
            .arg(root().join("fuzz/seeds").join(name)))?;
    }
    Ok(())
}
