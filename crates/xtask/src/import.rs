//! `cargo xtask import`: the program that takes accounts over. It is a crate of its own, because it speaks SQLite.

use std::path::absolute;

use anyhow::{Context, Result};

use crate::cargo::{cargo, run};
use crate::cli::ImportOptions;

/// Builds the program and runs it.
pub(crate) fn run_all(options: &ImportOptions) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--release", "-p", "jetway-import", "--", "--db"]);
    // cargo runs it in the workspace's folder, and not where the user is.
    command.arg(absolute(&options.db).context("the path of the database")?);
    if options.dry_run {
        command.arg("--dry-run");
    }
    for file in &options.files {
        command.arg(absolute(file).context("the path of a file")?);
    }
    run(&mut command)
}
