//! The component's variables.

use std::time::Duration;

use jetway_gateway::config::{ConfigError, RedisServer, boolean, lifetime, read, text};
use jetway_gateway::hashing;
use jetway_gateway::ports::Variables;
use jetway_gateway::rate_limit::RateLimits;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What password hashes are made with.
    pub hashing: hashing::Settings,
    /// Where events are published.
    pub redis: RedisServer,
    /// What access tokens say of where they come from.
    pub issuer: String,
    /// What access tokens say of whom they are for.
    pub audience: String,
    /// How long access tokens live.
    pub access_token_lifetime: Duration,
    /// How long the token of a mail verifies its address.
    pub email_token_lifetime: Duration,
    /// How long the token of a mail sets a password.
    pub password_token_lifetime: Duration,
    /// Whether only whoever has verified their address may sign in; then sign-up does not tell whether an address has an account.
    pub require_verified_email: bool,
    /// How often one may ask, for each address.
    pub rate_limits: RateLimits,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            hashing: hashing::Settings::read(variables).await?,
            redis: RedisServer::read(variables).await?,
            issuer: read(variables, "issuer", text).await?,
            audience: read(variables, "audience", text).await?,
            access_token_lifetime: read(variables, "access_token_ttl", lifetime).await?,
            email_token_lifetime: read(variables, "email_token_ttl", lifetime).await?,
            password_token_lifetime: read(variables, "password_token_ttl", lifetime).await?,
            require_verified_email: read(variables, "require_verified_email", boolean).await?,
            rate_limits: read(variables, "rate_limits", RateLimits::parse).await?,
        })
    }
}
