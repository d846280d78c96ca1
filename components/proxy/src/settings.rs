//! The component's variables.

use jetway_gateway::access::{self, AccessPolicy};
use jetway_gateway::assertion;
use jetway_gateway::browser;
use jetway_gateway::client;
use jetway_gateway::config::{ConfigError, read};
use jetway_gateway::ports::Variables;
use jetway_gateway::proxy::{Timeouts, Upstream};
use jetway_gateway::rate_limit;

/// Where the services are, how long they may take, and whose word about the client counts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The flight service.
    pub flights: Vec<Upstream>,
    /// The booking service.
    pub bookings: Vec<Upstream>,
    /// How long they may take.
    pub timeouts: Timeouts,
    /// The proxies before us, and how they name the client.
    pub client: client::Settings,
    /// Whose tokens are taken.
    pub tokens: access::Settings,
    /// Whether the services are told who calls in an assertion.
    pub caller_assertion: assertion::Mode,
}

impl Settings {
    /// Reads them, and those of the middleware in front, so that readiness finds a bad one before a client does.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        browser::Settings::read(variables).await?;
        read(variables, "access_policy", AccessPolicy::parse).await?;
        Ok(Self {
            flights: read(variables, "flight_service_url", Upstream::parse_list).await?,
            bookings: read(variables, "booking_service_url", Upstream::parse_list).await?,
            timeouts: Timeouts::read(variables).await?,
            client: rate_limit::Settings::read(variables).await?.client,
            tokens: access::Settings::read(variables).await?,
            caller_assertion: read(variables, "caller_assertion", assertion::Mode::parse).await?,
        })
    }
}
