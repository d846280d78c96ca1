//! The component's variables.

use std::time::Duration;

use jetway_gateway::access;
use jetway_gateway::accounts::BootstrapToken;
use jetway_gateway::client;
use jetway_gateway::config::{ConfigError, RedisServer, boolean, lifetime, read, read_optional};
use jetway_gateway::hashing;
use jetway_gateway::ports::Variables;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What verifying a token needs to know.
    pub access: access::Settings,
    /// How long an access token lives, and so for how long it is to be known that its session has ended.
    pub access_token_lifetime: Duration,
    /// Whose word about the client's address counts.
    pub client: client::Settings,
    /// Whether administrators need the second factor.
    pub require_second_factor: bool,
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
            access_token_lifetime: read(variables, "access_token_ttl", lifetime).await?,
            client: client::Settings::read(variables).await?,
            require_second_factor: read_optional(variables, "require_mfa_for_admin", boolean)
                .await?
                .unwrap_or(false),
            hashing: hashing::Settings::read(variables).await?,
            bootstrap_token: BootstrapToken::read(variables).await?,
            redis: RedisServer::read(variables).await?,
        })
    }
}
