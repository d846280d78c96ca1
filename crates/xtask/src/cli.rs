//! What can be typed after `cargo xtask`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::spin::INSTANCE_REUSE;
use crate::workspace;

const START_HERE: &str = "\
Start here:
  cargo xtask up      build and run everything, and see what to try
  cargo xtask test    check that everything works
  cargo xtask bench   measure it against what one would otherwise run";

/// The commands of Jetway. Rust is all they need.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", before_help = START_HERE, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Up(UpOptions),
    Test(TestOptions),
    Bench(BenchOptions),
    Import(ImportOptions),
    Keys(KeysOptions),
    Fuzz(FuzzOptions),
    /// Print the flags with which `spin up` runs everything but what Redis wakes
    Components,
    /// Build the components and the programs that run them
    Build,
    /// Run clippy, for this machine and for WebAssembly; any warning fails
    Lint,
    /// Format the code
    Fmt(FmtOptions),
}

/// Build and run the gateway with demo services behind it; Ctrl-C stops it.
///
/// The gateway's data stays in .spin/ and is there again the next time; delete the folder to start afresh. The demo
/// services forget. Redis is the one that REDIS_URL names, else a redis-server of its own, else there is none.
/// Variables of spin.toml are taken from SPIN_VARIABLE_<NAME>.
#[derive(Args)]
pub(crate) struct UpOptions {
    /// Where the gateway listens on 127.0.0.1; 0 takes a free port
    #[arg(long, value_name = "PORT", default_value_t = 3001)]
    pub(crate) port: u16,
    /// Where the demo flight service listens
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    pub(crate) flights_port: u16,
    /// Where the demo booking service listens
    #[arg(long, value_name = "PORT", default_value_t = 4000)]
    pub(crate) bookings_port: u16,
    /// What runs the WebAssembly: an installed spin (4.1 or later), or the host built here
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) runtime: Runtime,
    /// Run what was built before
    #[arg(long)]
    pub(crate) skip_build: bool,
}

/// What runs the WebAssembly.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum Runtime {
    /// spin where a recent enough one is on the PATH, else the embedded host
    Auto,
    /// The spin on the PATH
    Spin,
    /// The embedded host
    Host,
}

/// Check everything: format, lints, licences, unit tests, end-to-end tests.
///
/// All steps run even if one fails, and the last lines say how each ended. The end-to-end tests need redis-server; on
/// Debian and Ubuntu it is installed if it is missing (as root or with sudo), without being started as a service.
#[derive(Args)]
pub(crate) struct TestOptions {
    /// Run these steps only, for instance --only lint,unit
    #[arg(long, value_enum, value_name = "STEP", value_delimiter = ',')]
    pub(crate) only: Vec<Step>,
}

/// A part of `cargo xtask test`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Step {
    /// The code is formatted
    Fmt,
    /// Clippy finds nothing
    Lint,
    /// Licences, banned and duplicate crates, sources, advisories
    Deny,
    /// The tests inside the crates
    Unit,
    /// The tests of the built components, from outside
    E2e,
}

/// Measure the gateway against an Express gateway, nginx, and a component that only forwards; writes docs/benchmarks.md.
///
/// Builds everything, installs the packages of the Express gateway in bench/express (npm ci), and then takes half an hour, in
/// which the machine should have nothing else to do. It needs Node (18 or later), nginx and wrk; on Debian and Ubuntu what is
/// missing is installed (as root or with sudo). A trial (--quick or --only) leaves docs/ alone and writes to target/bench.
#[derive(Args)]
pub(crate) struct BenchOptions {
    /// Rounds; each contestant is measured once in each [default: 5]
    #[arg(long, value_name = "COUNT")]
    pub(crate) rounds: Option<usize>,
    /// Seconds of each measurement [default: 4]
    #[arg(long, value_name = "COUNT")]
    pub(crate) seconds: Option<u64>,
    /// One round of a second each, to see whether it runs
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure these only, for instance --only jetway,express,get-32
    ///
    /// Contestants: express, nginx, forwarder, layers, jetway (or one of two: jetway-host, jetway-spin). Measurements: get-1,
    /// get-32, get-256, flood, auth-check, sign-in, down-1, down-64, up-1, up-64, starts, counts.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Measure on this spin too [default: the one on the PATH, if it is 4.1 or later]
    #[arg(long, value_name = "FILE")]
    pub(crate) spin: Option<PathBuf>,
    /// Requests that an instance of a component serves; Spin's own number is 128
    #[arg(long, value_name = "COUNT", default_value_t = INSTANCE_REUSE)]
    pub(crate) max_instance_reuse_count: usize,
    /// Run what was built before
    #[arg(long)]
    pub(crate) skip_build: bool,
}

/// Take users, roles and their grants over from the Node stack (docs/import.md).
#[derive(Args)]
pub(crate) struct ImportOptions {
    /// CSV files named for their tables (users.csv, roles.csv, user_roles.csv), or SQL dumps of MySQL: all in one go
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The gateway's SQLite file
    #[arg(long, value_name = "FILE", default_value_os_t = workspace::state().join("sqlite_db.db"))]
    pub(crate) db: PathBuf,
    /// Report what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// List the signing keys of a gateway, or ask for new ones (docs/keys.md).
#[derive(Args)]
pub(crate) struct KeysOptions {
    /// What to do
    pub(crate) action: KeysAction,
    /// The gateway's SQLite file
    #[arg(long, value_name = "FILE", default_value_os_t = workspace::state().join("sqlite_db.db"))]
    pub(crate) db: PathBuf,
}

/// What can be done about keys.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KeysAction {
    /// Show them
    List,
    /// Ask for new ones: nobody is signed out, and no request fails
    Rotate,
}

/// Throw generated input at what reads a stranger's bytes, until time is up or it breaks; on Linux.
///
/// Needs a C++ compiler. What was found worth keeping is in target/fuzz/corpus, and goes on from there the next time; an input
/// that breaks a target is in target/fuzz.
#[derive(Args)]
pub(crate) struct FuzzOptions {
    /// token, json, client, refresh_token [default: all]
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// For how long each is run
    #[arg(long, default_value_t = 600)]
    pub(crate) seconds: u32,
}

#[derive(Args)]
pub(crate) struct FmtOptions {
    /// Change nothing, and fail if something is not formatted
    #[arg(long)]
    pub(crate) check: bool,
}
