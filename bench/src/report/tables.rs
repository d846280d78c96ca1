//! The tables: what was measured, and what was to be reached. As rows of text, which the terminal and the page each set in
//! their own way.

use crate::contestant::Contestant;
use crate::figures::{Figure, readable};
use crate::rounds::Results;
use crate::targets::{Bound, Target};
use crate::workload::{Unit, Workload};

/// A table: its head, and its rows.
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    fn new(first: &str, contestants: &[&Contestant]) -> Self {
        let titles = contestants.iter().map(|contestant| contestant.title());
        Self {
            head: [first.to_owned()].into_iter().chain(titles).collect(),
            rows: Vec::new(),
        }
    }

    fn add(&mut self, first: &str, cells: impl Iterator<Item = Option<String>>) {
        let cells: Vec<_> = cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect();
        if cells.iter().any(|cell| cell != "-") {
            self.rows
                .push([first.to_owned()].into_iter().chain(cells).collect());
        }
    }
}

/// Requests (or MiB) a second, and how long an answer takes: the median of the rounds.
pub(super) fn throughput(results: &Results) -> Table {
    let contestants: Vec<_> = results.contestants.iter().collect();
    let mut table = Table::new("", &contestants);
    for workload in Workload::ALL {
        let unit = match workload.unit() {
            Unit::RequestsPerSecond => "requests/s",
            Unit::MebibytesPerSecond => "MiB/s",
        };
        table.add(
            &format!("{}: {unit}", workload.title()),
            contestants.iter().map(|contestant| {
                let values = results.values(&contestant.id(), workload, |sample| sample.throughput(workload));
                Some(with_spread(Figure::of(&values)?))
            }),
        );
    }
    table
}

/// Latency where it is asked for.
pub(super) fn latency(results: &Results) -> Table {
    let contestants: Vec<_> = results.contestants.iter().collect();
    let mut table = Table::new("p50 / p99, ms", &contestants);
    for workload in Workload::ALL {
        table.add(
            workload.title(),
            contestants.iter().map(|contestant| {
                let p50 = Figure::of(&results.values(&contestant.id(), workload, |sample| sample.p50_ms))?;
                let p99 = Figure::of(&results.values(&contestant.id(), workload, |sample| sample.p99_ms))?;
                Some(format!("{} / {}", readable(p50.median), readable(p99.median)))
            }),
        );
    }
    table
}

/// What the gateway itself computes for a request.
pub(super) fn processor(results: &Results) -> Table {
    let contestants: Vec<_> = results.contestants.iter().collect();
    let mut table = Table::new("us", &contestants);
    for workload in Workload::ALL {
        table.add(
            workload.title(),
            contestants.iter().map(|contestant| {
                let samples = results.samples.get(&(contestant.id(), workload))?;
                let times: Option<Vec<_>> = samples.iter().map(|sample| sample.processor_us).collect();
                Some(with_spread(Figure::of(&times?)?))
            }),
        );
    }
    table
}

/// Starts and memory.
pub(super) fn footprint(results: &Results) -> Table {
    let contestants: Vec<_> = results.contestants.iter().collect();
    let mut table = Table::new("", &contestants);
    let starts = |contestant: &Contestant| results.starts.get(&contestant.id());
    let memory = |contestant: &Contestant| results.memory.get(&contestant.id());
    table.add(
        "First answer after a start, everything compiled: ms",
        contestants
            .iter()
            .map(|contestant| Some(readable(Figure::of(&starts(contestant)?.warm_ms)?.median))),
    );
    table.add(
        "... nothing compiled: ms",
        contestants
            .iter()
            .map(|contestant| Some(readable(starts(contestant)?.cold_ms?))),
    );
    table.add(
        "Memory after the start: MiB",
        contestants
            .iter()
            .map(|contestant| Some(readable(memory(contestant)?.0.now_mib))),
    );
    table.add(
        "... after all of the above: MiB",
        contestants
            .iter()
            .map(|contestant| Some(readable(memory(contestant)?.1.now_mib))),
    );
    table.add(
        "... at most: MiB",
        contestants
            .iter()
            .map(|contestant| Some(readable(memory(contestant)?.1.peak_mib))),
    );
    table
}

/// The targets, and how they were met.
pub(super) fn targets(targets: &[Target]) -> Table {
    let row = |target: &Target| {
        let bound = match target.bound {
            Bound::AtLeast(least) => format!("at least {least}"),
            Bound::AtMost(most) => format!("at most {most}"),
        };
        let found = target.found.map_or_else(|| "-".to_owned(), ratio);
        let verdict = match target.reached() {
            Some(true) => "reached",
            Some(false) => "not reached",
            None => "not measured",
        };
        vec![target.what.clone(), bound, found, verdict.to_owned()]
    };
    Table {
        head: ["", "to reach", "found", ""].map(str::to_owned).to_vec(),
        rows: targets.iter().map(row).collect(),
    }
}

fn with_spread(figure: Figure) -> String {
    if figure.least == figure.most {
        return readable(figure.median);
    }
    format!(
        "{} ({} to {})",
        readable(figure.median),
        readable(figure.least),
        readable(figure.most)
    )
}

/// Ratios are compared with bounds of two digits, and shown with as many; a count has one more, to be told from none.
fn ratio(figure: Figure) -> String {
    let Figure { median, least, most } = figure;
    if least == most {
        return format!("{median:.3}");
    }
    format!("{median:.2} ({least:.2} to {most:.2})")
}

/// All tables, in columns.
pub(super) fn for_terminal(results: &Results, reached: &[Target]) -> String {
    let tables = [
        transposed(throughput(results)),
        transposed(latency(results)),
        transposed(processor(results)),
        transposed(footprint(results)),
        targets(reached),
    ];
    let tables = tables
        .iter()
        .filter(|table| !table.rows.is_empty() && table.head.len() > 1);
    tables.map(in_columns).collect::<Vec<_>>().join("\n")
}

/// Contestants become rows: there may be many, and a terminal is narrow. Each measurement is then a block.
fn transposed(table: Table) -> Table {
    let mut rows = Vec::new();
    for row in table.rows {
        rows.push(vec![row[0].clone(), String::new()]);
        let cells = table
            .head
            .iter()
            .zip(&row)
            .skip(1)
            .filter(|(_, cell)| *cell != "-");
        rows.extend(cells.map(|(title, cell)| vec![format!("  {title}"), cell.clone()]));
    }
    Table {
        head: vec![table.head[0].clone(), String::new()],
        rows,
    }
}

fn in_columns(table: &Table) -> String {
    let lines: Vec<_> = [&table.head].into_iter().chain(&table.rows).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..table.head.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_one_another() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let table = Table {
            head: row(["", "found"]),
            rows: vec![row(["a", "1"]), row(["long", "2"])],
        };
        assert_eq!(in_columns(&table), "      found\na     1\nlong  2\n");
    }

    #[test]
    fn a_spread_is_told_where_there_is_one() {
        let figure = |least, most| Figure {
            median: 2.0,
            least,
            most,
        };
        assert_eq!(with_spread(figure(2.0, 2.0)), "2.00");
        assert_eq!(with_spread(figure(1.5, 2500.0)), "2.00 (1.50 to 2,500)");
    }
}
