//! Variables as a test sets them.

use std::collections::BTreeMap;

use crate::ports::{VariableError, Variables};

/// The defaults of spin.toml, but for a bcrypt cost that a test can wait for; and whatever a test sets.
#[derive(Clone, Debug)]
pub struct TestVariables(BTreeMap<String, String>);

impl Default for TestVariables {
    fn default() -> Self {
        let defaults = [
            ("issuer", "jetway"),
            ("audience", "jetway"),
            ("bcrypt_cost", "4"),
            ("password_pepper", ""),
            ("password_pepper_version", "1"),
            ("password_pepper_previous", ""),
            ("access_token_ttl", "600"),
            ("refresh_token_ttl", "1209600"),
            ("session_ttl", "2592000"),
            ("signing_key_max_age", "90d"),
            ("signing_key_publish_ahead", "10m"),
            ("signin_slowdown", "5;email=20;w=900;max=900"),
            ("email_token_ttl", "24h"),
            ("signin_code_ttl", "10m"),
            ("password_token_ttl", "1h"),
            ("require_verified_email", "false"),
            ("bootstrap_token", ""),
            ("redis_url", "redis://127.0.0.1:6379"),
            ("caller_assertion", "optional"),
            ("trusted_proxies", ""),
            ("upstream_connect_timeout", "2s"),
            ("upstream_first_byte_timeout", "30s"),
            ("upstream_between_bytes_timeout", "30s"),
            (
                "rate_limits",
                "POST /api/v1/signin signin 10;w=60, 5;w=60;by=email\n* /... default 300;w=60",
            ),
        ];
        Self(
            defaults
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }
}

impl TestVariables {
    /// These and no others.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// These variables, but for this one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Variables for TestVariables {
    async fn get(&self, name: &str) -> Result<Option<String>, VariableError> {
        Ok(self.0.get(name).cloned())
    }
}
