//! `spin:variables@3.0.0`: a component reads the variables of its own section of the manifest.

use std::sync::Arc;

use wasmtime::component::{Accessor, HasData, Linker};

use super::{
    InterfacesView,
    bindings::spin::variables::variables::{self, Error, Host, HostWithStore},
};
use crate::variables::{Error as Unresolved, Variables};

/// What an instance holds of variables.
#[derive(Debug, Clone)]
pub(super) struct State {
    component: String,
    values: Arc<Variables>,
}

impl State {
    pub(super) fn new(component: &str, values: Arc<Variables>) -> Self {
        Self {
            component: component.to_owned(),
            values,
        }
    }

    fn get(&self, name: &str) -> Result<String, Error> {
        if let Err(reason) = check_name(name) {
            return Err(Error::InvalidName(format!("{name:?}: {reason}")));
        }
        self.values
            .resolve(&self.component, name)
            .map_err(|error| match error {
                Unresolved::Undefined { .. } => Error::Undefined(error.to_string()),
                Unresolved::Missing(_) => Error::Provider(error.to_string()),
                _ => Error::Other(error.to_string()),
            })
    }
}

/// Says where the state of this interface is.
struct ComponentVariables;

impl HasData for ComponentVariables {
    type Data<'a> = &'a mut State;
}

pub(super) fn add_to_linker<T: InterfacesView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    variables::add_to_linker::<_, ComponentVariables>(linker, |data| &mut data.interfaces().variables)
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl<T> HostWithStore<T> for ComponentVariables {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        accessor.with(|mut access| access.get().get(&name))
    }
}

/// A name that no manifest can declare is a mistake of another kind than one that this manifest does not declare.
fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() {
        Err("must not be empty")
    } else if !name.chars().all(allowed) {
        Err("may contain only lower-case letters, digits and underscores")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must start with a lower-case letter")
    } else if name.ends_with('_') || name.contains("__") {
        Err("must have an underscore only between two other characters")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_those_that_a_manifest_can_declare() {
        for name in ["a", "redis_url", "a1_b2"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "A", "1a", "_a", "a_", "a__b", "a-b", "ä"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
