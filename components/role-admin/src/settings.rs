//! The component's variables.

use jetway_gateway::access;
use jetway_gateway::accounts::BootstrapToken;
use jetway_gateway::config::{ConfigError, RedisServer};
use jetway_gateway::hashing;
use jetway_gateway::ports::Variables;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What verifying a token needs to know.
    pub access: access::Settings,
    /// What password hashes are made with.
    pub hashing: hashing::Settings,
    /// What makes the first administrator; `None` where nothing does.
    pub bootstrap_token: Option<BootstrapToken>,
    /// Where events are published.
    pub redis: RedisServer,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            access: access::Settings::read(variables).await?,
            hashing: hashing::Settings::read(variables).await?,
            // Not trimmed: a secret is what it is.
            bootstrap_token: variables
                .get("bootstrap_token")
                .await
                .and_then(BootstrapToken::parse),
            redis: RedisServer::read(variables).await?,
        })
    }
}
