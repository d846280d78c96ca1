//! What Jetway is to reach, as ratios within the run, and whether it does.

use crate::figures::Figure;
use crate::rounds::Results;
use crate::workload::Workload;

/// A ratio, or a count, that has a bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) bound: Bound,
    /// None if it was not measured in this run.
    pub(crate) found: Option<Figure>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    /// None if it was not measured.
    pub(crate) fn reached(&self) -> Option<bool> {
        let median = self.found?.median;
        Some(match self.bound {
            Bound::AtLeast(least) => median >= least,
            Bound::AtMost(most) => median <= most,
        })
    }
}

/// All targets, for each runtime that was measured.
pub(crate) fn all(results: &Results) -> Vec<Target> {
    let runtimes = [("spin", "spin", 3.0), ("host", "the embedded host", 4.0)];
    let measured = runtimes.into_iter().filter(|(runtime, ..)| {
        let id = format!("jetway-{runtime}");
        results.contestants.iter().any(|contestant| contestant.id() == id)
    });
    measured
        .flat_map(|(runtime, title, throughput)| on_runtime(results, runtime, title, throughput))
        .collect()
}

fn on_runtime(results: &Results, runtime: &str, title: &str, throughput: f64) -> Vec<Target> {
    use Workload::{Flood, Get32, SignIn};

    let jetway = &*format!("jetway-{runtime}");
    let forwarder = &*format!("forwarder-{runtime}");
    let rate = |id: &str, workload| results.values(id, workload, |sample| sample.requests_per_second);
    let p99 = |id: &str, workload| results.values(id, workload, |sample| sample.p99_ms);
    let target = |what: &str, bound, found| Target {
        what: format!("{what}, on {title}"),
        bound,
        found,
    };
    let counts = results.counts.get(jetway);
    let writes = counts.map(|counts| counts.writes_a_request());
    let connections = counts.and_then(|counts| counts.connections_a_request());
    vec![
        target(
            "Proxied GET, c=32: requests a second, Jetway / Express",
            Bound::AtLeast(throughput),
            Figure::of_ratios(&rate(jetway, Get32), &rate("express", Get32)),
        ),
        target(
            "Proxied GET, c=32: requests a second, Jetway / forwarder",
            Bound::AtLeast(0.65),
            Figure::of_ratios(&rate(jetway, Get32), &rate(forwarder, Get32)),
        ),
        target(
            "Proxied GET, c=32: p99, Jetway / Express",
            Bound::AtMost(0.5),
            Figure::of_ratios(&p99(jetway, Get32), &p99("express", Get32)),
        ),
        target(
            "Proxied GET while 8 clients sign in: requests a second, Jetway / Express",
            Bound::AtLeast(4.0),
            Figure::of_ratios(&rate(jetway, Flood), &rate("express", Flood)),
        ),
        target(
            "Proxied GET: p99 while 8 clients sign in / p99 without",
            Bound::AtMost(5.0),
            Figure::of_ratios(&p99(jetway, Flood), &p99(jetway, Get32)),
        ),
        target(
            "Sign-ins a second at cost 10, Jetway / Express",
            Bound::AtLeast(0.75),
            Figure::of_ratios(&rate(jetway, SignIn), &rate("express", SignIn)),
        ),
        target(
            "Store writes a proxied request, steady client",
            Bound::AtMost(0.1),
            writes.and_then(|writes| Figure::of(&[writes])),
        ),
        target(
            "Database connections opened a proxied request, steady client",
            Bound::AtMost(0.0),
            connections.and_then(|connections| Figure::of(&[connections])),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::{Contestant, Gateway, Runtime};
    use crate::counting::Counts;
    use crate::load::Sample;

    fn results() -> Results {
        let sample = |requests_per_second, p99_ms| Sample {
            requests_per_second,
            p99_ms,
            ..Sample::default()
        };
        let mut results = Results {
            contestants: vec![Contestant {
                gateway: Gateway::Jetway,
                runtime: Some(Runtime::Host),
            }],
            ..Results::default()
        };
        for (id, workload, samples) in [
            (
                "jetway-host",
                Workload::Get32,
                [sample(5000.0, 10.0), sample(2500.0, 10.0)],
            ),
            (
                "express",
                Workload::Get32,
                [sample(1000.0, 40.0), sample(500.0, 40.0)],
            ),
            (
                "forwarder-host",
                Workload::Get32,
                [sample(10_000.0, 5.0), sample(5000.0, 5.0)],
            ),
        ] {
            results
                .samples
                .insert((id.to_owned(), workload), samples.to_vec());
        }
        let counts = Counts {
            requests: 100,
            store_writes: 20,
            database_connections: Some(0),
        };
        results.counts.insert("jetway-host".to_owned(), counts);
        results
    }

    fn verdict(what: &str) -> Option<bool> {
        let targets = all(&results());
        let target = targets.iter().find(|target| target.what.starts_with(what));
        target.unwrap().reached()
    }

    #[test]
    fn a_target_is_reached_or_not_or_was_not_measured() {
        assert_eq!(
            verdict("Proxied GET, c=32: requests a second, Jetway / Express"),
            Some(true)
        );
        assert_eq!(
            verdict("Proxied GET, c=32: requests a second, Jetway / forwarder"),
            Some(false)
        );
        assert_eq!(verdict("Proxied GET, c=32: p99, Jetway / Express"), Some(true));
        assert_eq!(verdict("Store writes"), Some(false));
        assert_eq!(verdict("Database connections"), Some(true));
        assert_eq!(verdict("Sign-ins"), None);
    }

    #[test]
    fn only_what_took_part_has_targets() {
        assert!(
            all(&results())
                .iter()
                .all(|target| target.what.ends_with("on the embedded host"))
        );
    }
}
