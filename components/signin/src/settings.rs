//! The component's variables.

use std::time::Duration;

use jetway_gateway::client;
use jetway_gateway::config::{ConfigError, RedisServer, boolean, lifetime, read, read_optional, text};
use jetway_gateway::hashing;
use jetway_gateway::ports::Variables;
use jetway_gateway::rate_limit::RateLimits;
use jetway_gateway::sessions::Rotation;
use jetway_gateway::slowdown;
use jetway_gateway::tokens::Issuer;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What password hashes are made with.
    pub hashing: hashing::Settings,
    /// What access tokens say of where they come from, and how long they live.
    pub issuer: Issuer,
    /// How long a refresh token can be used.
    pub refresh_lifetime: Duration,
    /// When signing keys are replaced.
    pub rotation: Rotation,
    /// How long the token of a mail verifies its address, and the link of a mail with a code makes a browser known.
    pub email_token_lifetime: Duration,
    /// How long the code of a mail signs in.
    pub signin_code_lifetime: Duration,
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// Where events are published.
    pub redis: RedisServer,
    /// How often one may try.
    pub rate_limits: RateLimits,
    /// After how many failures attempts are slowed down, if at all.
    pub slowdown: Option<slowdown::Policy>,
    /// Whether only whoever has verified their address may sign in.
    pub require_verified_email: bool,
    /// Whose word about the client's address counts.
    pub client: client::Settings,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let access_tokens = read(variables, "access_token_ttl", lifetime).await?;
        Ok(Self {
            hashing: hashing::Settings::read(variables).await?,
            issuer: Issuer {
                issuer: read(variables, "issuer", text).await?,
                audience: read(variables, "audience", text).await?,
                lifetime: access_tokens,
            },
            refresh_lifetime: read(variables, "refresh_token_ttl", lifetime).await?,
            rotation: Rotation::read(variables, access_tokens).await?,
            email_token_lifetime: read(variables, "email_token_ttl", lifetime).await?,
            signin_code_lifetime: read(variables, "signin_code_ttl", lifetime).await?,
            session_lifetime: read(variables, "session_ttl", lifetime).await?,
            redis: RedisServer::read(variables).await?,
            rate_limits: read(variables, "rate_limits", RateLimits::parse).await?,
            slowdown: read_optional(variables, "signin_slowdown", slowdown::Policy::parse).await?,
            require_verified_email: read_optional(variables, "require_verified_email", boolean)
                .await?
                .unwrap_or(false),
            client: client::Settings::read(variables).await?,
        })
    }
}
