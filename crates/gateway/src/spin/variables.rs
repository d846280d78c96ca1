//! Variables of the component.

use spin_sdk::variables::{self, Error};

use crate::ports::{VariableError, Variables};

/// The component's variables in spin.toml. A middleware reads those of the component behind it.
#[derive(Clone, Copy, Debug)]
pub struct SpinVariables;

impl Variables for SpinVariables {
    async fn get(&self, name: &str) -> Result<Option<String>, VariableError> {
        match variables::get(name).await {
            Ok(value) => Ok(Some(value)),
            Err(Error::Undefined(_)) => Ok(None),
            // A provider's own words may not be ours to print.
            Err(Error::InvalidName(_)) => Err(VariableError("its name is not valid")),
            Err(Error::Provider(_)) => Err(VariableError("its provider failed")),
            Err(_) => Err(VariableError("the host failed")),
        }
    }
}
