//! The component's variables.

use std::time::Duration;

use jetway_gateway::access::AdmissionSettings;
use jetway_gateway::assertion::{self, SharingSecret};
use jetway_gateway::browser;
use jetway_gateway::config::{ConfigError, read, read_optional, time_limit};
use jetway_gateway::ports::Variables;
use jetway_gateway::proxy::{Timeouts, Upstream};
use jetway_gateway::rate_limit;

/// Who may pass and how often, where the services are, and how long they may take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The flight service.
    pub flights: Vec<Upstream>,
    /// The booking service.
    pub bookings: Vec<Upstream>,
    /// How long they may take.
    pub timeouts: Timeouts,
    /// How long a client may take for the next piece of its body.
    pub client_body_timeout: Duration,
    /// What browsers are told.
    pub browser: browser::Settings,
    /// How often one may come, and who counts as one.
    pub limits: rate_limit::Settings,
    /// Who may, and whose tokens are taken.
    pub admission: AdmissionSettings,
    /// Whether the services are told who calls in an assertion.
    pub caller_assertion: assertion::Mode,
    /// What the instances share the key of the assertions under, if they do.
    pub assertion_secret: Option<SharingSecret>,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            flights: read(variables, "flight_service_url", Upstream::parse_list).await?,
            bookings: read(variables, "booking_service_url", Upstream::parse_list).await?,
            timeouts: Timeouts::read(variables).await?,
            client_body_timeout: read(variables, "client_body_timeout", time_limit).await?,
            browser: browser::Settings::read(variables).await?,
            limits: rate_limit::Settings::read(variables).await?,
            admission: AdmissionSettings::read(variables).await?,
            caller_assertion: read(variables, "caller_assertion", assertion::Mode::parse).await?,
            assertion_secret: read_optional(variables, "assertion_secret", SharingSecret::parse).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jetway_gateway::test_support::{TestVariables, block_on};

    use super::*;

    #[test]
    fn a_bad_address_is_refused_by_the_variables_name() {
        let variables = TestVariables::default()
            .with("flight_service_url", "flights")
            .with("booking_service_url", "http://b")
            .with("access_policy", "* /... public");
        let error = block_on(Settings::read(&variables)).unwrap_err();
        assert!(error.to_string().contains("flight_service_url"), "{error}");
    }
}
