//! `cargo xtask build`: the components where spin.toml expects them, and the programs beside.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{announce, cargo, exists, output, run};
use crate::workspace::{COMPONENT_PROFILE, WASM, component_packages};

/// Builds all that `up` needs.
pub(crate) fn for_up() -> Result<()> {
    components()?;
    programs(&["-p", "jetway-host", "-p", "jetway-demo"])
}

/// Builds all that the tests need. The whole workspace is named, as it is when its tests are built: cargo would
/// compile a dependency twice if the two builds asked for different features of it.
pub(crate) fn for_tests() -> Result<()> {
    components()?;
    programs(&["--workspace", "--bins"])
}

fn components() -> Result<()> {
    ensure_wasm_target()?;
    announce("Building the WebAssembly components (the first time takes a few minutes)");
    let build = ["build", "--target", WASM, "--profile", COMPONENT_PROFILE];
    run(cargo(&build).args(component_packages()?))
}

fn programs(packages: &[&str]) -> Result<()> {
    announce("Building the embedded host and the demo services (the first time takes some ten minutes)");
    run(cargo(&["build", "--release"]).args(packages))
}

/// Adds the target that components are built for, where it is missing.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    if has_wasm_target() {
        return Ok(());
    }
    if !exists("rustup") {
        bail!(
            "this Rust cannot build for {WASM}, and there is no rustup to add it: install the {WASM} standard library \
             with whatever installed Rust, or install Rust from https://rustup.rs"
        );
    }
    announce(&format!("Adding the Rust target {WASM}"));
    run(Command::new("rustup").args(["target", "add", WASM]))
        .with_context(|| format!("the target {WASM} is missing, and rustup could not add it"))
}

/// Asks the compiler and not rustup, because a Rust from a distribution may bring the target without rustup.
fn has_wasm_target() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM]);
    output(&mut rustc).is_some_and(|folder| std::path::Path::new(folder.trim()).is_dir())
}
