//! Letting a request pass by its limits, or not.

use std::sync::Arc;

use super::headers::{add_headers, exceeded};
use super::{Limit, Limiter, OnFailure, Partition, Sweep, Uncounted, Usage};
use crate::http::{HttpError, RequestId};
use crate::log;
use crate::ports::{Clock, GiveWay, KeyValue, KeyValueError, Timestamp};

/// What an instance that limits requests remembers between them: one, as a `static`.
#[derive(Debug, Default)]
pub struct Memory {
    /// Whom it counts.
    pub limiter: Limiter,
    /// What it let pass uncounted.
    pub uncounted: Uncounted,
    /// When it last looked after the store.
    pub sweep: Sweep,
}

impl Memory {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            limiter: Limiter::new(),
            uncounted: Uncounted::new(),
            sweep: Sweep::new(),
        }
    }
}

/// Counts the request against these limits: how they stand, or 429. A request that cannot be counted is refused (503), or
/// passes and is noted, as `on_failure` says. `now` is a fresh reading of the clock.
pub async fn admit(
    limits: impl IntoIterator<Item = (&Arc<Limit>, Partition)>,
    request_id: &RequestId,
    (store, clock, way): (&impl KeyValue, &impl Clock, &impl GiveWay),
    now: Timestamp,
    on_failure: OnFailure,
    memory: &Memory,
) -> Result<Vec<Usage>, HttpError> {
    let passes = on_failure == OnFailure::Pass;
    let counted = if passes && memory.uncounted.is_store_resting(now) {
        Err(KeyValueError("it failed a moment ago".to_owned()))
    } else {
        let counted = memory.limiter.count(store, clock, way, limits, now).await;
        if counted.is_err() {
            memory.uncounted.store_failed(now, clock);
        }
        counted
    };
    let usages = match counted {
        Ok(usages) => usages,
        Err(error) if passes => {
            let total = memory.uncounted.note();
            let fields = [("cause", error.to_string()), ("uncounted", total.to_string())];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            log::warn(request_id, "not_counted", &fields);
            return Ok(Vec::new());
        }
        Err(error) => return Err(HttpError::not_ready(error)),
    };
    // If the store is gone again, they stay pending.
    memory.uncounted.write_down(store).await.ok();
    match exceeded(&usages) {
        None => Ok(usages),
        Some(problem) => {
            let mut error = HttpError::from(problem);
            add_headers(error.headers_mut(), &usages);
            Err(error)
        }
    }
}
