//! What the outermost layer reads of the component behind it.

use super::{AllowedHeaders, AllowedOrigins};
use crate::client;
use crate::config::{ConfigError, read_optional};
use crate::ports::Variables;

/// The variables that are about browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whose pages may read our answers.
    pub origins: AllowedOrigins,
    /// What they may send.
    pub headers: AllowedHeaders,
    /// Whose word on the scheme counts.
    pub client: client::Settings,
}

impl Settings {
    /// Reads `cors_allowed_origins`, `cors_allowed_headers` and what is about the client, all of which may be missing.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            origins: read_optional(variables, "cors_allowed_origins", AllowedOrigins::parse)
                .await?
                .unwrap_or_default(),
            headers: read_optional(variables, "cors_allowed_headers", AllowedHeaders::parse)
                .await?
                .unwrap_or_default(),
            client: client::Settings::read(variables).await?,
        })
    }
}
