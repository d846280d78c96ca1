//! What the middleware reads of the component behind it.

use super::{OnFailure, RateLimits};
use crate::client::TrustedProxies;
use crate::config::{ConfigError, read, read_optional};
use crate::ports::Variables;

/// The variables that are about rate limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which requests are limited, and how.
    pub rate_limits: RateLimits,
    /// Whose word about the client counts.
    pub trusted_proxies: TrustedProxies,
    /// What to do with a request that could not be counted.
    pub on_failure: OnFailure,
}

impl Settings {
    /// Reads `rate_limits`, `trusted_proxies` and `rate_limit_on_failure`. Where the last is missing, a request that could
    /// not be counted is refused.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            rate_limits: read(variables, "rate_limits", RateLimits::parse).await?,
            trusted_proxies: read_optional(variables, "trusted_proxies", TrustedProxies::parse)
                .await?
                .unwrap_or_default(),
            on_failure: read_optional(variables, "rate_limit_on_failure", OnFailure::parse)
                .await?
                .unwrap_or(OnFailure::Refuse),
        })
    }
}
