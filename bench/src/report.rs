//! What is said about a run: a table for whoever waits, and three files for everybody else.

mod chart;
mod json;
mod markdown;
mod tables;

use std::fs;

use anyhow::{Context, Result};

use crate::cli::Options;
use crate::rounds::Results;
use crate::{machine, targets};

const NAME: &str = "benchmarks";

/// Prints the tables and writes the report.
pub(crate) fn publish(options: &Options, results: &Results) -> Result<()> {
    let machine = machine::describe(options.spin.as_deref());
    let targets = targets::all(results);
    println!("\n{}", tables::for_terminal(results, &targets));
    let folder = &options.out;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (extension, text) in [
        ("md", markdown::page(options, results, &targets, &machine)),
        ("svg", chart::draw(results)),
        ("json", json::raw(options, results, &machine)?),
    ] {
        let file = folder.join(format!("{NAME}.{extension}"));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("wrote {}", file.display());
    }
    Ok(())
}
