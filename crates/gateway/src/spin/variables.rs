//! Variables of the component.

use spin_sdk::variables::{self, Error};

use crate::ports::Variables;

/// The component's variables in spin.toml. A middleware reads those of the component behind it.
#[derive(Clone, Copy, Debug)]
pub struct SpinVariables;

impl Variables for SpinVariables {
    async fn get(&self, name: &str) -> Option<String> {
        match variables::get(name).await {
            Ok(value) => Some(value),
            Err(Error::Undefined(_)) => None,
            Err(error) => {
                // A provider that fails is as good as a variable that is missing, and whoever needs it refuses to work;
                // the log tells the two apart. The provider's words may not be ours to print.
                let kind = match error {
                    Error::InvalidName(_) => "invalid name",
                    Error::Provider(_) => "the provider failed",
                    _ => "failed",
                };
                eprintln!("level=error event=variable_unreadable name={name:?} cause={kind:?}");
                None
            }
        }
    }
}
