//! The command line: the flags of `spin up`, with their short forms, their environment variables and their values.

mod draw;
mod variable;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::draw::Draw;
pub use self::variable::VariableSource;

/// Runs Spin applications on Wasmtime, where no spin is installed.
#[derive(Debug, Parser)]
#[command(name = "jetway-host", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start an application and serve it until Ctrl-C.
    Up(Box<UpArgs>),
}

/// The flags of `up`.
#[derive(Args, Debug)]
pub struct UpArgs {
    /// The application: a spin.toml, or the folder of one [default: the spin.toml of this folder].
    #[arg(
        short = 'f',
        long = "from",
        alias = "from-file",
        alias = "file",
        value_name = "PATH"
    )]
    pub from: Option<PathBuf>,

    /// The address to listen on; with port 0 the system chooses one, and the chosen one is printed.
    #[arg(long, env = "SPIN_HTTP_LISTEN_ADDR", default_value = "127.0.0.1:3000", value_parser = listen_address)]
    pub listen: SocketAddr,

    /// The folder of the application's state [default: .spin beside the spin.toml]. Empty: nothing is kept.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<String>,

    /// The folder of the components' logs [default: logs in the state folder]. Empty: none are written.
    #[arg(short = 'L', long, env = "SPIN_LOG_DIR", value_name = "DIR")]
    pub log_dir: Option<String>,

    /// A TOML file that says where stores and databases are.
    #[arg(long, env = "RUNTIME_CONFIG_FILE", value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,

    /// The value of an application variable, or a file of values. Of several for one variable, the last counts.
    #[arg(long, value_name = "KEY=VALUE | KEY=@FILE | @FILE.json | @FILE.toml")]
    pub variable: Vec<VariableSource>,

    /// An environment variable for all components.
    #[arg(short = 'e', long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub env: Vec<(String, String)>,

    /// A statement to run before the start, on the database `default`, or @FILE[:DATABASE] with such statements.
    #[arg(long, value_name = "SQL | @FILE[:DATABASE]")]
    pub sqlite: Vec<String>,

    /// A component to run; may be repeated [default: all components].
    #[arg(short = 'c', long = "component-id", value_name = "ID")]
    pub component_id: Vec<String>,

    /// Do not show what the components print; their logs are still written.
    #[arg(short = 'q', long, aliases = ["sh", "shush"])]
    pub quiet: bool,

    /// How many requests an instance serves before it is dropped: a number, or a range like 1..8 that each instance
    /// draws from.
    #[arg(long, value_name = "N", default_value = "128", value_parser = draw::count)]
    pub max_instance_reuse_count: Draw<usize>,

    /// How many requests an instance serves at the same time: a number or a range.
    #[arg(long, value_name = "N", default_value = "16", value_parser = draw::count)]
    pub max_instance_concurrent_reuse_count: Draw<usize>,

    /// How long a request may take, like 30s or 500ms, or a range like 1..8s [default: no limit].
    #[arg(long, value_name = "TIME", value_parser = draw::duration)]
    pub request_timeout: Option<Draw<Duration>>,

    /// How long an idle instance is kept: a time or a range.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = draw::duration)]
    pub idle_instance_timeout: Draw<Duration>,
}

impl UpArgs {
    /// The flags in `arguments`, for callers other than the program itself.
    pub fn try_parse_from<T: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let program = ["jetway-host", "up"].map(OsString::from);
        let Command::Up(args) =
            Cli::try_parse_from(program.into_iter().chain(arguments.into_iter().map(Into::into)))?.command;
        Ok(*args)
    }
}

/// Of the addresses of a name, the one of IPv4 is taken, as Spin takes it.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let addresses: Vec<_> = text
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
        .collect();
    let local = addresses
        .iter()
        .find(|address| address.ip() == Ipv4Addr::LOCALHOST);
    local
        .or(addresses.first())
        .copied()
        .ok_or_else(|| "the name has no address".to_owned())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it needs the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> UpArgs {
        UpArgs::try_parse_from(arguments).unwrap()
    }

    #[test]
    fn the_command_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_have_spins_defaults() {
        let args = parse(&[]);
        assert_eq!(args.listen.port(), 3000);
        assert_eq!(args.max_instance_reuse_count, Draw::Always(128));
        assert_eq!(args.max_instance_concurrent_reuse_count, Draw::Always(16));
        assert_eq!(args.request_timeout, None);
        assert_eq!(args.idle_instance_timeout, Draw::Always(Duration::from_secs(1)));
    }

    #[test]
    fn flags_have_spins_short_forms() {
        let args = parse(&["-f", "app", "-e", "A=b=c", "-c", "x", "-c", "y", "-q", "-L", ""]);
        assert_eq!(args.from, Some("app".into()));
        assert_eq!(args.env, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(args.component_id, ["x", "y"]);
        assert!(args.quiet && parse(&["--shush"]).quiet);
        assert_eq!(args.log_dir.as_deref(), Some(""));
    }

    #[test]
    fn a_name_listens_on_ipv4() {
        assert_eq!(
            parse(&["--listen", "localhost:0"]).listen,
            SocketAddr::from(([127, 0, 0, 1], 0))
        );
    }
}
