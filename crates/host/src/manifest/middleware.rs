//! `dependencies.middleware` of an HTTP trigger.

use std::collections::BTreeMap;

use super::Scope;
use crate::app::{CapabilitySet, Component, Inherit, Middleware};
use crate::document::{Error, Table, Value};

/// Reads a trigger's `dependencies`: middleware, outermost first, and nothing else.
pub(super) fn read(
    dependencies: &Value<'_>,
    scope: &Scope<'_>,
    components: &BTreeMap<String, Component>,
) -> Result<Vec<Middleware>, Error> {
    let mut table = dependencies.table()?;
    let middleware = match table.take("middleware") {
        Some(list) => list
            .array()?
            .iter()
            .map(|item| read_one(item, scope, components))
            .collect(),
        None => Ok(Vec::new()),
    }?;
    table.finish()?;
    Ok(middleware)
}

fn read_one(
    item: &Value<'_>,
    scope: &Scope<'_>,
    components: &BTreeMap<String, Component>,
) -> Result<Middleware, Error> {
    let mut table = item.table()?;
    for remote in ["version", "url"] {
        if table.take(remote).is_some() {
            return Err(item.error("is a remote component, which jetway-host does not support: name a file"));
        }
    }
    let (name, source) = match (table.take("component"), table.take("path")) {
        (Some(component), None) => {
            let id = component.string()?;
            let section = components
                .get(&id)
                .ok_or_else(|| component.error(format!("names `{id}`, but there is no [component.{id}]")))?;
            check_has_nothing(&component, section)?;
            (id, section.source.clone())
        }
        (None, Some(path)) => (path.string()?, scope.base_dir.join(path.string()?)),
        _ => return Err(item.error("needs either `component` or `path`")),
    };
    let inherit = read_inherit(&mut table)?;
    table.finish()?;
    Ok(Middleware {
        name,
        source,
        inherit,
    })
}

fn read_inherit(table: &mut Table<'_>) -> Result<Inherit, Error> {
    let Some(value) = table.take("inherit_configuration") else {
        return Ok(Inherit::None);
    };
    if value.is_bool() {
        return Ok(if value.bool()? {
            Inherit::All
        } else {
            Inherit::None
        });
    }
    let read_set = |item: &Value<'_>| {
        let name = item.string()?;
        CapabilitySet::from_name(&name).ok_or_else(|| {
            let known = CapabilitySet::ALL.map(CapabilitySet::name).join(", ");
            item.error(format!(
                "is {name:?}, which is no set of permissions; there are: {known}"
            ))
        })
    };
    Ok(Inherit::Some(
        value.array()?.iter().map(read_set).collect::<Result<_, _>>()?,
    ))
}

/// A middleware's own permissions would have no effect, which would surprise whoever wrote them.
fn check_has_nothing(reference: &Value<'_>, section: &Component) -> Result<(), Error> {
    let own = [
        (
            "allowed_outbound_hosts",
            section.allowed_outbound_hosts.is_empty(),
        ),
        ("environment", section.environment.is_empty()),
        ("key_value_stores", section.key_value_stores.is_empty()),
        ("sqlite_databases", section.sqlite_databases.is_empty()),
        ("variables", section.variables.is_empty()),
    ];
    let own: Vec<_> = own
        .into_iter()
        .filter(|(_, empty)| !empty)
        .map(|(key, _)| key)
        .collect();
    if own.is_empty() {
        return Ok(());
    }
    Err(reference.error(format!(
        "names `{}`, whose section has {}: a middleware has no permissions of its own, it inherits those of the \
         component behind it",
        section.id,
        own.join(", ")
    )))
}
