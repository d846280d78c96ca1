//! `[[trigger.http]]` and `[[trigger.redis]]`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scope, component, ids, middleware};
use crate::app::{Component, Middleware, Route};
use crate::document::{Error, Table, Value};
use crate::template::Template;

/// A trigger as the manifest has it, with its id settled and its component found.
pub(super) struct Trigger<'a> {
    pub(super) at: Value<'a>,
    pub(super) id: String,
    pub(super) component: String,
    pub(super) kind: Kind,
}

/// What starts it.
pub(super) enum Kind {
    Http {
        route: Route,
        middleware: Vec<Middleware>,
    },
    Redis {
        channel: Template,
        address: Option<Template>,
    },
}

/// Reads all triggers, and adds the components that are written out in one to `components`.
pub(super) fn read_all<'a>(
    value: Value<'a>,
    scope: &Scope<'_>,
    components: &mut BTreeMap<String, Component>,
) -> Result<Vec<Trigger<'a>>, Error> {
    let mut declared = Vec::new();
    for of_a_type in value.table()?.into_entries() {
        if !matches!(of_a_type.key(), "http" | "redis") {
            return Err(of_a_type.unsupported());
        }
        for at in of_a_type.array()? {
            declared.push((at.table()?, at));
        }
    }
    if declared.is_empty() {
        return Err(value.error("has no triggers: nothing would ever run"));
    }
    let ids = settle_ids(&mut declared)?;
    declared
        .into_iter()
        .zip(ids)
        .map(|((table, at), id)| read(id, table, at, scope, components))
        .collect()
}

/// Gives an id to each trigger that has none, as Spin does: it is part of the ids of split components.
fn settle_ids(declared: &mut [(Table<'_>, Value<'_>)]) -> Result<Vec<String>, Error> {
    let mut taken = BTreeSet::new();
    let mut given = Vec::new();
    for (table, at) in &mut *declared {
        let id = table
            .take("id")
            .map(|value| value.string())
            .transpose()?
            .filter(|id| !id.is_empty());
        if let Some(id) = &id
            && !taken.insert(id.clone())
        {
            return Err(at.error(format!("has the id `{id}`, which another trigger has")));
        }
        given.push(id);
    }
    let mut settled = Vec::new();
    for ((table, at), id) in declared.iter().zip(given) {
        let kind = at.key();
        let id = id.unwrap_or_else(|| {
            let component = table.peek("component").and_then(|value| value.string().ok());
            let natural = component.map(|component| format!("{component}-{kind}-trigger"));
            let mut candidates = natural
                .into_iter()
                .chain((1..).map(|n: u32| format!("{kind}-trigger{n}")));
            // The candidates never end, so one of them is free.
            candidates
                .find(|candidate| !taken.contains(candidate))
                .unwrap_or_default()
        });
        taken.insert(id.clone());
        settled.push(id);
    }
    Ok(settled)
}

fn read<'a>(
    id: String,
    mut table: Table<'a>,
    at: Value<'a>,
    scope: &Scope<'_>,
    components: &mut BTreeMap<String, Component>,
) -> Result<Trigger<'a>, Error> {
    table.refuse(&["components", "static_response"])?;
    let component = read_component(&id, &table.require("component")?, scope, components)?;
    let kind = match at.key() {
        "http" => read_http(&mut table, scope, components)?,
        _ => Kind::Redis {
            channel: scope.template(&table.require("channel")?)?,
            address: table
                .take("address")
                .map(|value| scope.template(&value))
                .transpose()?,
        },
    };
    table.finish()?;
    Ok(Trigger {
        at,
        id,
        component,
        kind,
    })
}

fn read_http(
    table: &mut Table<'_>,
    scope: &Scope<'_>,
    components: &BTreeMap<String, Component>,
) -> Result<Kind, Error> {
    let route = read_route(&table.require("route")?)?;
    if let Some(executor) = table.take("executor") {
        check_executor(&executor)?;
    }
    let middleware = match table.take("dependencies") {
        Some(dependencies) => middleware::read(&dependencies, scope, components)?,
        None => Vec::new(),
    };
    Ok(Kind::Http { route, middleware })
}

fn read_route(value: &Value<'_>) -> Result<Route, Error> {
    if value.is_table() {
        let mut table = value.table()?;
        let private = table.require("private")?;
        table.finish()?;
        return match private.bool()? {
            true => Ok(Route::Private),
            false => Err(private.error("must be true; a route that is not private is a string")),
        };
    }
    let route = value.string()?;
    crate::routes::check(&route).map_err(|why| value.error(format!("cannot be used: {why}")))?;
    Ok(Route::Path(route))
}

fn check_executor(executor: &Value<'_>) -> Result<(), Error> {
    let mut table = executor.table()?;
    let kind = table.require("type")?;
    match kind.string()?.as_str() {
        "http" | "spin" => table.finish(),
        "wagi" => {
            Err(kind.error("is \"wagi\", which jetway-host does not support; run this application with spin"))
        }
        other => Err(kind.error(format!("is {other:?}, which is no executor"))),
    }
}

/// A component's id, or the component itself, which then gets an id.
fn read_component(
    trigger: &str,
    value: &Value<'_>,
    scope: &Scope<'_>,
    components: &mut BTreeMap<String, Component>,
) -> Result<String, Error> {
    if value.is_table() {
        let natural = Some(format!("{trigger}-component")).filter(|id| ids::check_kebab(id).is_ok());
        let mut candidates = natural
            .into_iter()
            .chain((1..).map(|n: u32| format!("inline-component{n}")));
        let id = candidates
            .find(|id| !components.contains_key(id))
            .unwrap_or_default();
        let component = component::read(&id, value.table()?, scope)?;
        components.insert(id.clone(), component);
        return Ok(id);
    }
    let id = value.string()?;
    if components.contains_key(&id) {
        Ok(id)
    } else {
        Err(value.error(format!("names `{id}`, but there is no [component.{id}]")))
    }
}
