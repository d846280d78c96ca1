//! Measures Jetway against what its users would otherwise run, all in one run on one machine.
//!
//! The contestants take turns, round by round, so that whatever else the machine does meets all of them; what is said of them
//! afterwards are ratios of the same round. Everything listens on 127.0.0.1, and every load is bounded in time.

mod cli;
mod client;
mod contestant;
mod counting;
mod figures;
mod load;
mod machine;
mod report;
mod rounds;
mod service;
mod starts;
mod store;
mod targets;
mod token;
mod usage;
mod workload;
mod workplace;

use std::process::ExitCode;

use clap::Parser;
use cli::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    options.check()?;
    let workplace = workplace::Workplace::new(options)?;
    let contestants = contestant::chosen(options);
    let services = service::start().await?;
    let results = rounds::measure(options, &contestants, &services, &workplace).await?;
    report::publish(options, &results)
}
