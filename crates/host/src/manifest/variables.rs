//! `[variables]`.

use std::collections::BTreeMap;

use super::ids;
use crate::app::VariableDecl;
use crate::document::{Error, Value};

pub(super) fn read(value: Option<Value<'_>>) -> Result<BTreeMap<String, VariableDecl>, Error> {
    let Some(value) = value else {
        return Ok(BTreeMap::new());
    };
    let entries = value.table()?.into_entries();
    entries
        .iter()
        .map(|entry| Ok((entry.key().to_owned(), read_one(entry)?)))
        .collect()
}

fn read_one(entry: &Value<'_>) -> Result<VariableDecl, Error> {
    ids::check_lower_snake(entry.key())
        .map_err(|why| entry.error(format!("is no name for a variable: {why}")))?;
    let mut table = entry.table()?;
    if let Some(description) = table.take("description") {
        description.string()?;
    }
    let default = table.take("default").map(|value| value.string()).transpose()?;
    let required = table.take("required").map_or(Ok(false), |value| value.bool())?;
    let secret = table.take("secret").map_or(Ok(false), |value| value.bool())?;
    table.finish()?;
    match (&default, required) {
        (Some(_), true) => Err(entry.error("must be `required` or have a `default`, not both")),
        (None, false) => Err(entry.error("must be `required` or have a `default`")),
        _ => Ok(VariableDecl {
            default,
            required,
            secret,
        }),
    }
}
