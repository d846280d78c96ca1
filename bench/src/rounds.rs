//! The run itself: start, measure in turns, count.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::Options;
use crate::contestant::{Contestant, Gateway, Running};
use crate::counting::{self, Counts};
use crate::load::{self, Sample};
use crate::service::Services;
use crate::starts::{self, Starts};
use crate::usage::Memory;
use crate::workload::Workload;
use crate::workplace::Workplace;
use crate::{client, token};

/// Before each measurement, unmeasured: connections are made, instances are up, the just-in-time compiler has seen the code.
const WARM_UP: Duration = Duration::from_secs(1);

/// The sign-ins begin before the requests that they are to disturb, and end after them.
const FLOOD_MARGIN: Duration = Duration::from_secs(1);

/// Everything that was found.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) contestants: Vec<Contestant>,
    /// One a round, by contestant and workload.
    pub(crate) samples: BTreeMap<(String, Workload), Vec<Sample>>,
    pub(crate) starts: BTreeMap<String, Starts>,
    /// Before the first and after the last round.
    pub(crate) memory: BTreeMap<String, (Memory, Memory)>,
    pub(crate) counts: BTreeMap<String, Counts>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<String>,
}

/// One that takes part in the rounds.
struct Entrant<'a> {
    contestant: &'a Contestant,
    running: Running,
    token: String,
    idle: Memory,
}

/// Measures everything that the options want.
pub(crate) async fn measure(
    options: &Options,
    contestants: &[Contestant],
    services: &Services,
    workplace: &Workplace,
) -> Result<Results> {
    let mut results = Results {
        contestants: contestants.to_vec(),
        ..Results::default()
    };
    if options.wants_starts() {
        for contestant in contestants {
            say(&format!("{}: starts", contestant.title()));
            let starts = starts::time(contestant, options.warm_starts(), services, workplace).await?;
            results.starts.insert(contestant.id(), starts);
        }
    }
    let workloads: Vec<_> = Workload::ALL
        .into_iter()
        .filter(|workload| options.wants(*workload))
        .collect();
    if !workloads.is_empty() {
        run_rounds(options, &workloads, services, workplace, &mut results).await?;
    }
    if options.wants_counts() {
        for contestant in contestants
            .iter()
            .filter(|contestant| contestant.gateway == Gateway::Jetway)
        {
            say(&format!(
                "{}: store writes of a steady client",
                contestant.title()
            ));
            match counting::count(contestant, options.steady(), services, workplace).await {
                Ok(counts) => drop(results.counts.insert(contestant.id(), counts)),
                Err(error) => results.fail(&contestant.title(), "counting", &error),
            }
        }
    }
    Ok(results)
}

async fn run_rounds(
    options: &Options,
    workloads: &[Workload],
    services: &Services,
    workplace: &Workplace,
    results: &mut Results,
) -> Result<()> {
    let contestants = results.contestants.clone();
    let mut entrants = Vec::new();
    for contestant in &contestants {
        entrants.push(enter(contestant, services, workplace).await?);
    }
    for round in 1..=options.rounds() {
        for workload in workloads {
            for entrant in entrants
                .iter()
                .filter(|entrant| entrant.contestant.can(*workload))
            {
                let title = entrant.contestant.title();
                match entrant.measure(*workload, options.duration()).await {
                    Ok(sample) => {
                        let figure = crate::figures::readable(sample.throughput(*workload));
                        let latency = format!("p50 {:.2} ms, p99 {:.2} ms", sample.p50_ms, sample.p99_ms);
                        say(&format!(
                            "round {round}, {}, {title}: {figure}, {latency}",
                            workload.name()
                        ));
                        let key = (entrant.contestant.id(), *workload);
                        results.samples.entry(key).or_default().push(sample);
                    }
                    Err(error) => results.fail(&title, workload.name(), &error),
                }
            }
        }
    }
    for entrant in entrants {
        let memory = (entrant.idle, entrant.running.memory());
        results.memory.insert(entrant.contestant.id(), memory);
        entrant.running.stop()?;
    }
    Ok(())
}

async fn enter<'a>(
    contestant: &'a Contestant,
    services: &Services,
    workplace: &Workplace,
) -> Result<Entrant<'a>> {
    let running = contestant
        .start(&contestant.usual_start(), services, workplace)
        .await?;
    let token = match contestant.gateway {
        Gateway::Express | Gateway::Jetway => client::sign_up_and_in(running.address)
            .await
            .with_context(|| format!("{} has no account for us", contestant.id()))?,
        // The forwarder does not look at it, and carries it all the same.
        Gateway::Nginx | Gateway::Forwarder | Gateway::Layers => token::mint()?,
    };
    let idle = running.memory();
    Ok(Entrant {
        contestant,
        running,
        token,
        idle,
    })
}

impl Entrant<'_> {
    async fn measure(&self, workload: Workload, duration: Duration) -> Result<Sample> {
        if workload != Workload::Flood {
            self.load(workload, WARM_UP).await?;
            let before = self.running.processor_time();
            let sample = self.load(workload, duration).await?;
            let computed = self.running.processor_time().saturating_sub(before);
            return Ok(sample.with_processor_time(computed));
        }
        let during = async {
            tokio::time::sleep(FLOOD_MARGIN).await;
            self.load(workload, duration).await
        };
        let flood = self.load(Workload::SignIn, duration + 2 * FLOOD_MARGIN);
        let (sample, flood) = tokio::join!(during, flood);
        flood.context("the flood of sign-ins")?;
        sample
    }

    async fn load(&self, workload: Workload, duration: Duration) -> Result<Sample> {
        let load = workload.load(&client::credentials());
        let Running { address, prefix, .. } = &self.running;
        load::run(*address, prefix, &load, &self.token, duration).await
    }
}

impl Results {
    /// One number of each round, in the order of the rounds.
    pub(crate) fn values(&self, id: &str, workload: Workload, of: impl Fn(&Sample) -> f64) -> Vec<f64> {
        let samples = self.samples.get(&(id.to_owned(), workload));
        samples.into_iter().flatten().map(of).collect()
    }

    fn fail(&mut self, title: &str, what: &str, error: &anyhow::Error) {
        let failure = format!("{title}, {what}: {error:#}");
        say(&format!("NOT MEASURED: {failure}"));
        self.failures.push(failure);
    }
}

/// Progress is for whoever watches; the report is on standard output.
fn say(line: &str) {
    eprintln!("{line}");
}
