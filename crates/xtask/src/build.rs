//! `cargo xtask build`: the components where spin.toml expects them, and the programs beside.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{announce, cargo, exists, output, run};
use crate::workspace::{COMPONENT_PROFILE, WASM, component_groups, packages};

/// Builds the components, and the programs that run them.
///
/// The whole workspace is named where two programs would do, here as in the tests: cargo picks the features of
/// dependencies by what is named, and would compile Wasmtime anew for each different choice.
pub(crate) fn run_all() -> Result<()> {
    ensure_wasm_target()?;
    announce("Building the WebAssembly components (the first time takes a few minutes)");
    for group in component_groups()? {
        run(cargo(&["build", "--target", WASM, "--profile", COMPONENT_PROFILE]).args(packages(&group)))?;
    }
    announce("Building the embedded host and the demo services (the first time takes some ten minutes)");
    run(&mut cargo(&["build", "--release", "--workspace", "--bins"]))
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
