//! The component's variables.

use jetway_gateway::config::{ConfigError, RedisServer, read};
use jetway_gateway::domain::BcryptCost;
use jetway_gateway::ports::Variables;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// How much work a password hash is.
    pub bcrypt_cost: BcryptCost,
    /// Where events are published.
    pub redis: RedisServer,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            bcrypt_cost: read(variables, "bcrypt_cost", BcryptCost::parse).await?,
            redis: RedisServer::read(variables).await?,
        })
    }
}
