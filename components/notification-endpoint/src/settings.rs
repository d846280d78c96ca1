//! The component's variables.

use jetway_gateway::config::ConfigError;
use jetway_gateway::mail;
use jetway_gateway::notifications::InternalToken;
use jetway_gateway::ports::Variables;

/// The component's variables, as it uses them.
#[derive(Debug)]
pub struct Settings {
    /// What opens the routes; `None` where nothing does.
    pub internal_token: Option<InternalToken>,
    /// How mail leaves.
    pub mail: mail::Settings,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            internal_token: InternalToken::read(variables).await?,
            mail: mail::Settings::read(variables).await?,
        })
    }
}
