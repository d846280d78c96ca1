//! What can be typed after `cargo xtask`.

use clap::{Args, Parser, Subcommand, ValueEnum};

const START_HERE: &str = "\
Start here:
  cargo xtask up      build and run everything, and see what to try
  cargo xtask test    check that everything works";

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

#[derive(Args)]
pub(crate) struct FmtOptions {
    /// Change nothing, and fail if something is not formatted
    #[arg(long)]
    pub(crate) check: bool,
}
