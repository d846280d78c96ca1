//! `jetway-host`: runs a spin.toml.

use std::process::ExitCode;

use clap::Parser as _;
use jetway_host::cli::{Cli, Command};
use jetway_host::options::Options;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let Command::Up(args) = Cli::parse().command;
    match up(*args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever its causes say.
            eprintln!(
                "error: {}",
                format!("{error:#}").lines().collect::<Vec<_>>().join("; ")
            );
            ExitCode::FAILURE
        }
    }
}

fn up(args: jetway_host::cli::UpArgs) -> anyhow::Result<()> {
    let options = Options::new(args, &|name| std::env::var(name).ok())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // A guest that hashes passwords gives way after each of its slices, of some 60 microseconds. At tokio's 61 slices between
        // two looks at the network, all others would wait for four milliseconds at every turn.
        .event_interval(8)
        .build()?;
    runtime.block_on(jetway_host::serve::serve(options))
}
