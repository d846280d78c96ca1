//! `cargo xtask keys`: the program that lists and replaces signing keys. It is a crate of its own, because it speaks SQLite.

use anyhow::{Context, Result};

use crate::cargo::{cargo, run};
use crate::cli::{KeysAction, KeysOptions};

/// Builds the program and runs it.
pub(crate) fn run_all(options: &KeysOptions) -> Result<()> {
    let action = match options.action {
        KeysAction::List => "list",
        KeysAction::Rotate => "rotate",
    };
    // cargo runs it in the workspace's folder, and not where the user is.
    let db = std::path::absolute(&options.db).context("the path of the database")?;
    run(cargo(&[
        "run",
        "--quiet",
        "--release",
        "-p",
        "jetway-keys",
        "--",
        action,
        "--db",
    ])
    .arg(db))
}
