//! From the start of a process to its first answer.

use anyhow::Result;

use crate::contestant::Contestant;
use crate::service::Services;
use crate::workplace::Workplace;

/// Milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Starts {
    /// With nothing compiled before. None for what is not compiled.
    pub(crate) cold_ms: Option<f64>,
    /// With everything compiled.
    pub(crate) warm_ms: Vec<f64>,
}

/// Starts and stops a contestant. The first start also compiles, for all that follow.
pub(crate) async fn time(
    contestant: &Contestant,
    warm_starts: usize,
    services: &Services,
    workplace: &Workplace,
) -> Result<Starts> {
    let mut starts = Starts::default();
    if contestant.runtime.is_some() {
        starts.cold_ms = Some(once(contestant, services, workplace).await?);
    }
    for _ in 0..warm_starts {
        starts.warm_ms.push(once(contestant, services, workplace).await?);
    }
    Ok(starts)
}

async fn once(contestant: &Contestant, services: &Services, workplace: &Workplace) -> Result<f64> {
    let running = contestant
        .start(&contestant.usual_start(), services, workplace)
        .await?;
    let took = running.first_answer.as_secs_f64() * 1e3;
    running.stop()?;
    Ok(took)
}
