//! What the middleware reads of the component behind it.

use std::time::Duration;

use super::{OnFailure, RateLimits};
use crate::client;
use crate::config::{ConfigError, read, read_optional};
use crate::ports::Variables;

/// The variables that are about rate limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which requests are limited, and how.
    pub rate_limits: RateLimits,
    /// Who counts as one client.
    pub client: client::Settings,
    /// What to do with a request that could not be counted.
    pub on_failure: OnFailure,
}

impl Settings {
    /// Reads `rate_limits`, `rate_limit_on_failure` and what is about the client. Where the second is missing, a request that
    /// could not be counted is refused.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            rate_limits: read(variables, "rate_limits", RateLimits::parse).await?,
            client: client::Settings::read(variables).await?,
            on_failure: read_optional(variables, "rate_limit_on_failure", OnFailure::parse)
                .await?
                .unwrap_or(OnFailure::Refuse),
        })
    }

    /// How often the store is swept: so that nothing in it is older than two windows, and at most once a second.
    pub fn sweep_period(&self) -> Duration {
        let window = self.rate_limits.shortest_window().unwrap_or(60);
        Duration::from_secs((window / 2).clamp(1, 60))
    }
}
