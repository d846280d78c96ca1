//! `cargo xtask import`: takes users, roles and their grants over from the Node stack (docs/import.md).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Parser;
use jetway_gateway::domain::BcryptCost;
use jetway_gateway::ports::Timestamp;
use jetway_import::{Options, Report, import, read};
use rusqlite::{Connection, OpenFlags};

#[derive(Parser)]
#[command(bin_name = "cargo xtask import")]
struct Cli {
    /// CSV files named for their tables (users.csv, roles.csv, user_roles.csv), or SQL dumps of MySQL: all in one go
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The gateway's SQLite file
    #[arg(long, value_name = "FILE", default_value = ".spin/sqlite_db.db")]
    db: PathBuf,
    /// What the gateway has as `bcrypt_cost`: hashes of more than four times that work, and above cost 14, are refused
    #[arg(long, value_name = "COST", default_value = "12", value_parser = BcryptCost::parse)]
    bcrypt_cost: BcryptCost,
    /// Report what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
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
    let mut report = Report::default();
    let mut tables = Vec::new();
    for file in &cli.files {
        match read::file(file) {
            Ok(read) => tables.extend(read),
            Err(error) => report.unread(format!("{error:#}")),
        }
    }
    if tables.is_empty() {
        print(&report)?;
        bail!("there is no table of users, roles or user_roles in what was given");
    }
    // A typing error makes no database.
    let mut connection = Connection::open_with_flags(&cli.db, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("there is no database {}", cli.db.display()))?;
    // A gateway may be writing.
    connection.busy_timeout(Duration::from_secs(10))?;
    let options = Options {
        now: Timestamp::from(SystemTime::now()),
        bcrypt_cost: cli.bcrypt_cost,
        dry_run: cli.dry_run,
    };
    import(&mut connection, &tables, options, &mut report)
        .context("nothing was imported: is this a gateway's database, which it has opened once?")?;
    print(&report)?;
    if cli.dry_run {
        eprintln!("Nothing was written (--dry-run).");
    }
    Ok(())
}

fn print(report: &Report) -> Result<()> {
    write!(std::io::stdout().lock(), "{report}").context("writing the report")
}
