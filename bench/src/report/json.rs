//! The raw figures, for whoever wants to calculate with them.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::machine::Machine;
use crate::rounds::Results;

/// Everything that was found, a line for each measurement.
pub(super) fn raw(options: &Options, results: &Results, machine: &Machine) -> Result<String> {
    let mut measured = Vec::new();
    for ((contestant, workload), samples) in &results.samples {
        let of = |value: fn(&crate::load::Sample) -> f64| -> Vec<f64> {
            samples.iter().map(|sample| rounded(value(sample))).collect()
        };
        measured.push(json!({
            "contestant": contestant,
            "workload": workload.name(),
            "requests_per_second": of(|sample| sample.requests_per_second),
            "p50_ms": of(|sample| sample.p50_ms),
            "p90_ms": of(|sample| sample.p90_ms),
            "p99_ms": of(|sample| sample.p99_ms),
            "processor_us": of(|sample| sample.processor_us.unwrap_or_default()),
        }));
    }
    let starts = results.starts.iter().map(|(contestant, starts)| {
        let warm: Vec<_> = starts.warm_ms.iter().map(|value| rounded(*value)).collect();
        (
            contestant.clone(),
            json!({"cold_ms": starts.cold_ms.map(rounded), "warm_ms": warm}),
        )
    });
    let memory = results
        .memory
        .iter()
        .map(|(contestant, (idle, after))| (contestant.clone(), json!({"idle": idle, "after": after})));
    let counts = results.counts.iter().map(|(contestant, counts)| {
        let value = json!({
            "requests": counts.requests,
            "store_writes": counts.store_writes,
            "database_connections": counts.database_connections,
        });
        (contestant.clone(), value)
    });
    let run = json!({
        "machine": machine,
        "rounds": options.rounds(),
        "seconds": options.duration().as_secs(),
        "starts": starts.collect::<Map<_, _>>(),
        "memory_mib": memory.collect::<Map<_, _>>(),
        "counts": counts.collect::<Map<_, _>>(),
        "failures": results.failures,
    });
    lines(&run, &measured)
}

/// JSON in which a change of one figure is a change of one line.
fn lines(run: &Value, measured: &[Value]) -> Result<String> {
    let measured: Vec<_> = measured.iter().map(|value| format!("    {value}")).collect();
    let run = serde_json::to_string_pretty(run)?;
    let open = run.trim_end().trim_end_matches('}').trim_end();
    Ok(format!(
        "{open},\n  \"measured\": [\n{}\n  ]\n}}\n",
        measured.join(",\n")
    ))
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_one_json_document() {
        let text = lines(
            &json!({"rounds": 2, "failures": []}),
            &[json!({"a": 1}), json!({"a": 2})],
        )
        .unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["measured"][1]["a"], 2);
        assert_eq!(value["rounds"], 2);
    }
}
