//! The project's commands.

mod bench;
mod build;
mod cargo;
mod cli;
mod components;
mod deny;
mod fuzz;
mod import;
mod install;
mod keys;
mod lint;
mod spin;
mod test;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Up(options) => up::run(&options),
        Command::Test(options) => test::run(&options.only),
        Command::Bench(options) => bench::run_all(&options),
        Command::Import(options) => import::run_all(&options),
        Command::Keys(options) => keys::run_all(&options),
        Command::Fuzz(options) => fuzz::run_all(&options),
        Command::Components => components::print(),
        Command::Build => build::run_all(),
        Command::Lint => lint::clippy(),
        Command::Fmt(options) => lint::format(options.check),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
