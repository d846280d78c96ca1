//! What the middleware reads of the component behind it.

use std::time::Duration;

use super::{OnFailure, RateLimits};
use crate::client::{Ipv6Prefix, TrustedProxies};
use crate::config::{ConfigError, read, read_optional};
use crate::ports::Variables;

/// The variables that are about rate limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which requests are limited, and how.
    pub rate_limits: RateLimits,
    /// Whose word about the client counts.
    pub trusted_proxies: TrustedProxies,
    /// How much of an IPv6 address is one client.
    pub ipv6_prefix: Ipv6Prefix,
    /// What to do with a request that could not be counted.
    pub on_failure: OnFailure,
}

impl Settings {
    /// Reads `rate_limits`, `trusted_proxies`, `trusted_proxy_header`, `client_ipv6_prefix` and `rate_limit_on_failure`. Where
    /// the last is missing, a request that could not be counted is refused.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            rate_limits: read(variables, "rate_limits", RateLimits::parse).await?,
            trusted_proxies: TrustedProxies::read(variables).await?,
            ipv6_prefix: read_optional(variables, "client_ipv6_prefix", Ipv6Prefix::parse)
                .await?
                .unwrap_or_default(),
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
