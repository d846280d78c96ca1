//! Putting a load on a gateway: `wrk` with one thread, whose Lua script says what it measured as JSON.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::workload::{Body, Load, Workload};
use crate::workplace::asset;

/// How long after the end of a measurement answers may still come in.
const GRACE: Duration = Duration::from_secs(60);

/// What one measurement found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    /// What the gateway computed for each request; none while it did other things too.
    pub(crate) processor_us: Option<f64>,
}

/// What the script prints.
#[derive(Debug, Deserialize)]
struct Printed {
    requests: u64,
    microseconds: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    status_errors: u64,
    socket_errors: u64,
}

/// Loads a gateway for this long. An answer that is no success fails the measurement: it would be an easy one.
pub(crate) async fn run(
    gateway: SocketAddr,
    prefix: &str,
    load: &Load,
    token: &str,
    duration: Duration,
) -> Result<Sample> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--timeout", "30s"])
        .args(["--connections", &load.connections.to_string()])
        .args(["--duration", &format!("{}s", duration.as_secs())])
        .arg("--script")
        .arg(asset("wrk.lua"))
        .arg(format!("http://{gateway}{prefix}{}", load.path))
        .env("BENCH_METHOD", load.method)
        .env("BENCH_AUTHORIZATION", format!("Bearer {token}"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match &load.body {
        Body::None => {}
        Body::Json(text) => {
            wrk.env("BENCH_BODY", text)
                .env("BENCH_CONTENT_TYPE", "application/json");
        }
        Body::Bytes(size) => {
            wrk.env("BENCH_BODY_SIZE", size.to_string())
                .env("BENCH_CONTENT_TYPE", "application/octet-stream");
        }
    }
    let output = timeout(duration + GRACE, wrk.output())
        .await
        .context("wrk does not come to an end")?
        .context("cannot run wrk")?;
    ensure!(
        output.status.success(),
        "wrk failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(output: &str) -> Result<Sample> {
    let line = output.lines().rev().find(|line| line.starts_with('{'));
    let line = line.with_context(|| format!("wrk said nothing of use: {output}"))?;
    let printed: Printed = serde_json::from_str(line).context("wrk's script printed something else")?;
    ensure!(printed.requests > 0, "not one request was answered");
    ensure!(
        printed.status_errors == 0 && printed.socket_errors == 0,
        "{} answers were errors and {} never came, of {}",
        printed.status_errors,
        printed.socket_errors,
        printed.requests
    );
    let milliseconds = |microseconds: u64| microseconds as f64 / 1e3;
    Ok(Sample {
        requests: printed.requests,
        requests_per_second: printed.requests as f64 / (printed.microseconds as f64 / 1e6),
        p50_ms: milliseconds(printed.p50),
        p90_ms: milliseconds(printed.p90),
        p99_ms: milliseconds(printed.p99),
        processor_us: None,
    })
}

impl Sample {
    /// The sample of a load for which the gateway computed this long.
    pub(crate) fn with_processor_time(self, computed: Duration) -> Self {
        Self {
            processor_us: Some(computed.as_secs_f64() * 1e6 / self.requests as f64),
            ..self
        }
    }

    /// The figure that a workload is about.
    pub(crate) fn throughput(&self, workload: Workload) -> f64 {
        const MIB: f64 = 1024.0 * 1024.0;
        match workload.payload() {
            0 => self.requests_per_second,
            bytes => self.requests_per_second * bytes as f64 / MIB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = r#"Running 1s test @ http://127.0.0.1:1/
  1 threads and 8 connections
{"requests":50,"microseconds":2000000,"bytes":100,"p50":1500,"p90":2500,"p99":9000,"max":9100,"status_errors":0,"socket_errors":0}
"#;

    #[test]
    fn the_scripts_line_is_read() {
        let sample = parse(OUTPUT).unwrap();
        assert_eq!(
            sample,
            Sample {
                requests: 50,
                processor_us: None,
                requests_per_second: 25.0,
                p50_ms: 1.5,
                p90_ms: 2.5,
                p99_ms: 9.0
            }
        );
        assert_eq!(sample.throughput(Workload::Get32), 25.0);
        let computed = sample.with_processor_time(Duration::from_millis(5));
        assert_eq!(computed.processor_us, Some(100.0));
        assert_eq!(sample.throughput(Workload::Down64), 1600.0);
    }

    #[test]
    fn errors_are_no_measurement() {
        for (one, other) in [
            (r#""status_errors":0"#, r#""status_errors":3"#),
            (r#""socket_errors":0"#, r#""socket_errors":1"#),
            (r#""requests":50"#, r#""requests":0"#),
            ("{", "<"),
        ] {
            assert!(parse(&OUTPUT.replace(one, other)).is_err(), "{other}");
        }
    }
}
