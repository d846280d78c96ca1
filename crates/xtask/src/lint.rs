//! `cargo xtask fmt` and `cargo xtask lint`.

use anyhow::Result;

use crate::build::ensure_wasm_target;
use crate::cargo::{announce, cargo, run};
use crate::workspace::{BENCH_GUESTS, COMPONENT_PROFILE, WASM, components, packages};

/// Formats the code, or checks that it is formatted.
pub(crate) fn format(check: bool) -> Result<()> {
    let arguments: &[&str] = if check {
        &["fmt", "--all", "--check"]
    } else {
        &["fmt", "--all"]
    };
    run(&mut cargo(arguments))
}

/// Runs clippy on everything, natively and as WebAssembly, because each sees code that the other does not.
pub(crate) fn clippy() -> Result<()> {
    announce("Linting, for this machine");
    run(&mut cargo(&[
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    ensure_wasm_target()?;
    announce("Linting, for WebAssembly");
    let library = ["-p", "jetway-gateway", "--features", "jetway-gateway/spin"];
    let clippy = ["clippy", "--target", WASM, "--profile", COMPONENT_PROFILE];
    run(cargo(&clippy)
        .args(packages(&components()?))
        .args(packages(&BENCH_GUESTS.map(str::to_owned)))
        .args(library)
        .args(["--", "-D", "warnings"]))
}
