//! Licences, banned and duplicate crates, sources, and known vulnerabilities, by cargo-deny.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{announce, cargo, run};

/// The version that is installed where there is none; it builds on the workspace's Rust.
const VERSION: &str = "0.20.2";

/// Runs all checks of deny.toml.
pub(crate) fn check() -> Result<()> {
    let folder = tools()?;
    if !installed(&folder) {
        install(&folder)?;
    }
    announce("Checking licences, bans and sources");
    run(&mut cargo_deny(
        &folder,
        &["check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
    ))?;
    check_advisories(&folder)
}

/// The database of advisories is fetched from the network. A machine without one still passes, and says so.
fn check_advisories(folder: &Path) -> Result<()> {
    announce("Checking known vulnerabilities");
    let fetched = cargo_deny(folder, &["fetch", "db"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !fetched {
        eprintln!(
            "The database of advisories cannot be reached from here: known vulnerabilities were NOT checked."
        );
        return Ok(());
    }
    run(&mut cargo_deny(folder, &["--offline", "check", "advisories"]))
}

/// `cargo deny` with the installed one before any other.
fn cargo_deny(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo(&["deny"]);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.join("bin")).chain(env::split_paths(&path));
    if let Ok(path) = env::join_paths(folders) {
        command.env("PATH", path);
    }
    command.args(arguments);
    command
}

fn installed(folder: &Path) -> bool {
    cargo_deny(folder, &["--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Installs cargo-deny for this project alone. It is used for seconds, so it is built fast rather than to be fast.
fn install(folder: &Path) -> Result<()> {
    announce("Installing cargo-deny (once, a few minutes)");
    let mut install = cargo(&[
        "install",
        "--locked",
        "--quiet",
        "cargo-deny",
        "--version",
        VERSION,
        "--root",
    ]);
    install.arg(folder).env("CARGO_TARGET_DIR", folder.join("build"));
    install
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    run(&mut install).context("cargo-deny could not be installed")?;
    // Only the program is needed from here on.
    std::fs::remove_dir_all(folder.join("build")).context("cannot remove the build folder of cargo-deny")
}

/// The folder of programs that this project installs for itself.
fn tools() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) if !cache.is_empty() => PathBuf::from(cache),
        _ => env::home_dir()
            .context("there is no home folder to keep cargo-deny in")?
            .join(".cache"),
    };
    Ok(cache.join("jetway").join("tools"))
}
