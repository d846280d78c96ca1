//! Running cargo and other programs as steps that the user can follow.

use std::ffi::OsString;
use std::process::Command;
use std::{env, io};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Says what happens next.
pub(crate) fn announce(step: &str) {
    eprintln!("\n== {step}");
}

/// A cargo command in the workspace, with its artifacts in the workspace's own target folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", workspace::target());
    command
}

/// The cargo that runs us, so that a `cargo +toolchain xtask` keeps its toolchain.
fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command to its end; its output is the user's to read.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", name(command)))?;
    if !status.success() {
        bail!("{} failed", words(command));
    }
    Ok(())
}

/// What a command prints, or nothing if it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// Whether a program can be run at all.
pub(crate) fn exists(program: &str) -> bool {
    let probe = Command::new(program).arg("--version").output();
    !matches!(probe, Err(error) if error.kind() == io::ErrorKind::NotFound)
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as it would be typed, without its folders.
fn words(command: &Command) -> String {
    let program = name(command);
    let program = program.rsplit('/').next().unwrap_or_default();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    [program.to_owned()]
        .into_iter()
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
