//! How long a service may take.

use std::time::Duration;

use crate::config::{ConfigError, read, time_limit};
use crate::ports::Variables;

/// How long an upstream may take, in each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first byte of the answer, from when the service has the whole request.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body.
    pub between_bytes: Duration,
}

impl Timeouts {
    /// Reads them from the variables `upstream_*_timeout`.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            connect: read(variables, "upstream_connect_timeout", time_limit).await?,
            first_byte: read(variables, "upstream_first_byte_timeout", time_limit).await?,
            between_bytes: read(variables, "upstream_between_bytes_timeout", time_limit).await?,
        })
    }

    /// The limits that a host is to hold while a body is on its way: none for the first byte, which is counted from the body's end.
    pub fn with_upload(self) -> Self {
        const LONGEST_UPLOAD: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            first_byte: LONGEST_UPLOAD,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn with(name: &str, value: &str) -> Result<Timeouts, ConfigError> {
        let variables = TestVariables::of(&[
            ("upstream_connect_timeout", "2s"),
            ("upstream_first_byte_timeout", "30s"),
            ("upstream_between_bytes_timeout", "500ms"),
        ]);
        block_on(Timeouts::read(&variables.with(name, value)))
    }

    #[test]
    fn each_has_a_variable_of_its_own() {
        let timeouts = with("other", "").unwrap();
        assert_eq!(timeouts.connect, Duration::from_secs(2));
        assert_eq!(timeouts.first_byte, Duration::from_secs(30));
        assert_eq!(timeouts.between_bytes, Duration::from_millis(500));
    }

    #[test]
    fn no_time_and_nonsense_are_refused_by_name() {
        for name in [
            "upstream_connect_timeout",
            "upstream_first_byte_timeout",
            "upstream_between_bytes_timeout",
        ] {
            for value in ["0", "0ms", "soon", "-1s", ""] {
                let error = with(name, value).unwrap_err().to_string();
                assert!(error.contains(name), "{value}: {error}");
            }
        }
    }
}
