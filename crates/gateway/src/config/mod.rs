//! The one place that reads variables into typed values.
//!
//! A value that cannot be used is refused with the variable's name, never with the value: it may be a secret. Each
//! component reads what it needs once per instance (see [`PerInstance`](crate::per_instance::PerInstance)).

mod duration;
mod redis;

use std::fmt::Display;

pub use duration::{InvalidDuration, InvalidTimeout, duration, lifetime, time_limit};
pub use redis::{InvalidRedisUrl, RedisServer};

use crate::http::{Code, HttpError};
use crate::ports::Variables;

/// A variable is missing or has a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable `{variable}` {reason}")]
pub struct ConfigError {
    variable: String,
    reason: String,
}

impl ConfigError {
    /// `reason` goes on with "the variable NAME ...", as in "is not a URL". It must not quote the value.
    pub fn new(variable: impl Into<String>, reason: impl Display) -> Self {
        Self {
            variable: variable.into(),
            reason: reason.to_string(),
        }
    }
}

impl From<ConfigError> for HttpError {
    fn from(error: ConfigError) -> Self {
        let sentence = format!("T{}.", &error.to_string()[1..]);
        Self::new(Code::Misconfigured, sentence).caused_by(error)
    }
}

/// The value of a variable that must be there, as `parse` understands it.
pub async fn read<T, E: Display>(
    variables: &impl Variables,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, ConfigError> {
    read_optional(variables, name, parse)
        .await?
        .ok_or_else(|| ConfigError::new(name, "is missing or empty"))
}

/// The value of a variable that may be missing or empty, which are the same: a manifest cannot unset a variable.
pub async fn read_optional<T, E: Display>(
    variables: &impl Variables,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, ConfigError> {
    match text_of(variables, name).await?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => parse(text)
            .map(Some)
            .map_err(|error| ConfigError::new(name, error)),
    }
}

/// The value as it is written, `None` where the component has no such variable. One that cannot be read is an error, and never taken
/// for one that is not set: its default may be the laxer way.
pub async fn text_of(variables: &impl Variables, name: &str) -> Result<Option<String>, ConfigError> {
    variables
        .get(name)
        .await
        .map_err(|error| ConfigError::new(name, error))
}

/// The least length, in bytes, of a secret that whoever knows the gateway's address may guess at.
pub const MIN_SECRET_LENGTH: usize = 16;

/// What is said of a shorter one.
pub const TOO_SHORT: &str = "is shorter than 16 characters (32 random ones are good)";

/// `true` or `false`.
pub fn boolean(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither `true` nor `false`"),
    }
}

/// Any text, as it is.
pub fn text(value: &str) -> Result<String, std::convert::Infallible> {
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::VariableError;
    use crate::test_support::{TestVariables, block_on};

    fn ttl(value: &str) -> Result<std::time::Duration, ConfigError> {
        block_on(read(
            &TestVariables::default().with("ttl", value),
            "ttl",
            duration,
        ))
    }

    #[test]
    fn a_value_is_read_and_trimmed() {
        assert_eq!(ttl(" 10m\n").unwrap().as_secs(), 600);
    }

    #[test]
    fn a_bad_value_is_refused_by_name_and_not_quoted() {
        let error = HttpError::from(ttl("hunter2").unwrap_err());
        assert_eq!(error.problem().code(), Code::Misconfigured);
        assert!(
            error.problem().detail().starts_with("The variable `ttl` "),
            "{}",
            error.problem().detail()
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    /// A provider that refuses everything.
    struct Refusing;

    impl Variables for Refusing {
        async fn get(&self, _name: &str) -> Result<Option<String>, VariableError> {
            Err(VariableError("its provider failed"))
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_is_never_taken_for_its_default() {
        let error = block_on(read_optional(&Refusing, "require_mfa_for_admin", boolean)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the variable `require_mfa_for_admin` cannot be read (its provider failed)"
        );
        let error = block_on(text_of(&Refusing, "password_pepper")).unwrap_err();
        assert!(error.to_string().contains("`password_pepper`"), "{error}");
    }

    #[test]
    fn a_missing_value_is_refused_where_it_is_needed() {
        assert_eq!(
            ttl("").unwrap_err().to_string(),
            "the variable `ttl` is missing or empty"
        );
        let none = block_on(read_optional(&TestVariables::default(), "ttl", duration)).unwrap();
        assert_eq!(none, None);
    }
}
