//! The page.

use std::fmt::Write as _;

use super::tables::{self, Table};
use crate::cli::Options;
use crate::machine::Machine;
use crate::rounds::Results;
use crate::targets::Target;

const READING: &str = "\
- **Everything shares the machine**: the gateway, the service behind it, and `wrk` with one thread. Absolute figures are this
  machine's; the ratios are what holds elsewhere.
- The contestants take turns within each round. A figure is the median of the rounds, with the least and the most beside it; a ratio
  is taken within each round first.
- **Express** is one process, started with `node server.js`, as most of its users start it: express, express-rate-limit,
  http-proxy-middleware, jsonwebtoken and the native bcrypt. Users are in its memory; Jetway keeps users and sessions in SQLite.
- **nginx** limits requests and asks a native service about each token (`auth_request`): what a gateway costs where nothing is
  interpreted and nothing is sandboxed.
- **Forwarder** is a component that forwards, and does nothing else; with two layers of middleware that do nothing, it is the
  shape of Jetway's path without its work.
- Jetway's key-value store has a write-ahead log on both runtimes: the embedded host gives it one, and on Spin it has it as
  [operations](operations.md#the-key-value-store-in-a-file) advises.
- Instances serve as many requests as `cargo xtask up` and [operations](operations.md) let them, whichever component and runtime
  they are of. Spin's own number is 128: `cargo xtask bench --max-instance-reuse-count 128` measures with that.
- Processor time is what the kernel counts for the gateway's own processes. It depends less than all else on what the machine does
  besides; half of what the two empty layers add to the forwarder is the cost of a layer of middleware.
- Rate limits are on, and too high to be met. Store writes are counted with a limit of 600 a minute and a client that sends nine
  tenths of it, by SQLite's own counter of writing transactions. No database statement is made where no connection is opened,
  and the kernel tells how often the database's file is. Jetway has an `assertion_secret`, which is off by default: without it, an
  instance of the proxy asks for the key of its assertions once in its life, and the database is opened for that.
- Memory is the resident memory of all processes of a contestant. *At most* is the highest since its start.
- The first answer is timed from the start of the process, for `GET /api/v1/flights/1`.
- `wrk` sends the next request of a connection when the last is answered; its percentiles are of what was sent.
";

/// All of it.
pub(super) fn page(options: &Options, results: &Results, targets: &[Target], machine: &Machine) -> String {
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench`, which measures all of this in one run: do not edit.\n\n\
         ![Requests a second and latency of each contestant](benchmarks.svg)\n\n",
    );
    section(&mut page, "What was to be reached", &tables::targets(targets));
    section(&mut page, "Throughput", &tables::throughput(results));
    section(&mut page, "Latency", &tables::latency(results));
    section(
        &mut page,
        "Processor time of the gateway for a request",
        &tables::processor(results),
    );
    section(&mut page, "Starts and memory", &tables::footprint(results));
    if !results.failures.is_empty() {
        page.push_str("## Not measured\n\n");
        for failure in &results.failures {
            // Writing to a string cannot fail.
            let _ = writeln!(page, "- {failure}");
        }
        page.push('\n');
    }
    let _ = write!(page, "## How to read it\n\n{READING}\n");
    describe(&mut page, options, machine);
    page
}

fn describe(page: &mut String, options: &Options, machine: &Machine) {
    let Machine {
        date,
        revision,
        processor,
        cores,
        memory_gib,
        kernel,
        versions,
    } = machine;
    let versions: Vec<_> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let _ = writeln!(
        page,
        "## Where and when\n\n\
         {date}, revision `{revision}`. {processor}, {cores} cores, {memory_gib} GiB; {kernel}.\n\
         {} rounds of {} s for each measurement, after a warm-up of 1 s. An instance of a component serves {} requests \
         (`--max-instance-reuse-count`).\n\n\
         {}.\n\nThe figures of each round are in [benchmarks.json](benchmarks.json).",
        options.rounds(),
        options.duration().as_secs(),
        options.max_instance_reuse_count,
        versions.join(", "),
    );
}

fn section(page: &mut String, title: &str, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(table.head.len() - 1));
    let rows: String = table.rows.iter().map(|cells| row(cells)).collect();
    let _ = write!(page, "## {title}\n\n{}{rule}{rows}\n", row(&table.head));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_set_in_markdown() {
        let table = Table {
            head: vec![String::new(), "Jetway".to_owned()],
            rows: vec![vec!["requests/s".to_owned(), "4,000".to_owned()]],
        };
        let mut page = String::new();
        section(&mut page, "Throughput", &table);
        assert_eq!(
            page,
            "## Throughput\n\n|  | Jetway |\n|---|---:|\n| requests/s | 4,000 |\n\n"
        );
    }
}
