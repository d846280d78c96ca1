//! What hashes are made with.

use crate::config::{ConfigError, read, text_of};
use crate::domain::{BcryptCost, PepperVersion, Peppers};
use crate::ports::Variables;

/// What hashes are made with, by the component's variables.
#[derive(Debug)]
pub struct Settings {
    /// How much work a hash is.
    pub cost: BcryptCost,
    /// The secrets that go into it.
    pub peppers: Peppers,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        // Not trimmed: a secret is what it is.
        let secret = async |name| Ok::<_, ConfigError>(text_of(variables, name).await?.unwrap_or_default());
        let version = read(variables, "password_pepper_version", PepperVersion::parse).await?;
        let current = secret("password_pepper").await?;
        let previous = secret("password_pepper_previous").await?;
        Ok(Self {
            cost: read(variables, "bcrypt_cost", BcryptCost::parse).await?,
            peppers: Peppers::new(current, version, previous)
                .map_err(|error| ConfigError::new("password_pepper_previous", error))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn refusal(changed: &[(&str, &str)]) -> String {
        let with = |variables: TestVariables, (name, value): &(&str, &str)| variables.with(name, value);
        let variables = changed.iter().fold(TestVariables::default(), with);
        block_on(Settings::read(&variables)).unwrap_err().to_string()
    }

    #[test]
    fn a_pepper_is_taken_as_it_is() {
        let variables = TestVariables::default()
            .with("password_pepper", " new\n")
            .with("password_pepper_version", "2")
            .with("password_pepper_previous", "old");
        let settings = block_on(Settings::read(&variables)).unwrap();
        assert_eq!(settings.peppers.version().to_string(), "2");
    }

    #[test]
    fn a_bad_variable_is_refused_by_its_name() {
        assert!(refusal(&[("bcrypt_cost", "3")]).contains("`bcrypt_cost`"));
        assert!(refusal(&[("password_pepper_version", "0")]).contains("`password_pepper_version`"));
        let previous = refusal(&[
            ("password_pepper", "new"),
            ("password_pepper_previous", "hunter2"),
        ]);
        assert!(
            previous.starts_with("the variable `password_pepper_previous` is set"),
            "{previous}"
        );
        assert!(!previous.contains("hunter2"), "{previous}");
    }
}
