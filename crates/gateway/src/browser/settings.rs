//! What the outermost layer reads of the component behind it.

use super::AllowedOrigins;
use crate::client::TrustedProxies;
use crate::config::{ConfigError, read_optional};
use crate::ports::Variables;

/// The variables that are about browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whose pages may read our answers.
    pub origins: AllowedOrigins,
    /// Whose word on the scheme counts.
    pub trusted_proxies: TrustedProxies,
}

impl Settings {
    /// Reads `cors_allowed_origins` and `trusted_proxies`, both of which may be missing.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            origins: read_optional(variables, "cors_allowed_origins", AllowedOrigins::parse)
                .await?
                .unwrap_or_default(),
            trusted_proxies: read_optional(variables, "trusted_proxies", TrustedProxies::parse)
                .await?
                .unwrap_or_default(),
        })
    }
}
