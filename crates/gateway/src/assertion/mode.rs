//! What is to be done where there can be no assertion.

use crate::domain::Invalid;

/// Whether requests to the services carry an assertion: the variable `caller_assertion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// None does.
    Off,
    /// Each does, unless the key cannot be had: a service that verifies refuses the request itself, one that does not is not
    /// kept from working.
    Optional,
    /// Each does; where the key cannot be had the gateway refuses.
    Required,
}

/// The text is no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not one of `off`, `optional` and `required`")]
pub struct InvalidMode;

impl Invalid for InvalidMode {
    fn code(&self) -> &'static str {
        "caller_assertion_malformed"
    }
}

impl Mode {
    /// Reads the variable.
    pub fn parse(text: &str) -> Result<Self, InvalidMode> {
        match text.trim() {
            "off" => Ok(Self::Off),
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err(InvalidMode),
        }
    }
}
