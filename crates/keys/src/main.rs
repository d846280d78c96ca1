//! `cargo xtask keys`: lists the signing keys of a gateway, and asks for new ones.
//!
//! It makes no key and sees no private half. It notes in the database that the keys are due for a successor; the gateway does
//! what is due, as it does for keys that are old, whenever it next looks for them.

mod database;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::database::Database;

#[derive(Parser)]
#[command(bin_name = "cargo xtask keys")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The gateway's SQLite file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = ".spin/sqlite_db.db"
    )]
    db: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Show the keys, the newest first
    List,
    /// Ask for new keys; nobody is signed out, and no request fails
    Rotate,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let database = Database::open(&cli.db)?;
    if matches!(cli.command, Command::Rotate) {
        database.ask_for_successors()?;
        eprintln!(
            "Asked. The next sign-in, token refresh or GET /readyz makes and publishes the new keys; they sign once they \
             have been published for `signing_key_publish_ahead`."
        );
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<10} {:<43} {:<24} state", "kind", "kid", "since")?;
    for key in database.keys()? {
        writeln!(
            out,
            "{:<10} {:<43} {:<24} {}",
            key.kind, key.kid, key.since, key.state
        )?;
    }
    Ok(())
}
