//! The component's variables.

use jetway_gateway::config::{ConfigError, RedisServer};
use jetway_gateway::notifications::{self, InternalToken};
use jetway_gateway::ports::Variables;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What opens the routes; `None` where nothing does.
    pub internal_token: Option<InternalToken>,
    /// How people are told.
    pub notifications: notifications::Settings,
    /// Where events are published.
    pub redis: RedisServer,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            internal_token: InternalToken::read(variables).await?,
            notifications: notifications::Settings::read(variables).await?,
            redis: RedisServer::read(variables).await?,
        })
    }
}
