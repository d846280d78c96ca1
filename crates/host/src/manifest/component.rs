//! `[component.ID]`, and components written out in a trigger.

use std::collections::BTreeMap;

use super::{Scope, ids, without_action};
use crate::allowed_hosts::{AllowedHost, stands_for_nothing};
use crate::app::Component;
use crate::document::{Error, Table, Value};
use crate::template::{Part, Template};

/// The keys that Spin knows and this host does not support. Each would change what the component is or may do.
const UNSUPPORTED: &[&str] = &[
    "ai_models",
    "allowed_http_hosts",
    "dependencies",
    "dependencies_inherit_configuration",
    "exclude_files",
    "files",
];

pub(super) fn read_all(
    value: Option<Value<'_>>,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Component>, Error> {
    let Some(value) = value else {
        return Ok(BTreeMap::new());
    };
    let entries = value.table()?.into_entries();
    let read_one = |entry: &Value<'_>| {
        let id = entry.key();
        ids::check_kebab(id).map_err(|why| entry.error(format!("is no id for a component: {why}")))?;
        Ok((id.to_owned(), read(id, entry.table()?, scope)?))
    };
    entries.iter().map(read_one).collect()
}

/// Reads a component's table.
pub(super) fn read(id: &str, mut table: Table<'_>, scope: &Scope<'_>) -> Result<Component, Error> {
    table.refuse(UNSUPPORTED)?;
    let source = table.require("source")?;
    if source.is_table() {
        return Err(source.error("is a remote component, which jetway-host does not support: name a file"));
    }
    let component = Component {
        id: id.to_owned(),
        manifest_id: id.to_owned(),
        source: scope.base_dir.join(source.string()?),
        environment: named(table.take("environment"), |entry| entry.string())?,
        allowed_outbound_hosts: list(table.take("allowed_outbound_hosts"), |item| {
            read_host(item, scope)
        })?,
        key_value_stores: list(table.take("key_value_stores"), read_label)?,
        sqlite_databases: list(table.take("sqlite_databases"), read_label)?,
        variables: named(table.take("variables"), |entry| {
            ids::check_lower_snake(entry.key())
                .map_err(|why| entry.error(format!("is no name for a variable: {why}")))?;
            scope.template(entry)
        })?,
        middleware: Vec::new(),
    };
    without_action(&mut table)?;
    check_build(table.take("build"))?;
    check_profiles(table.take("profile"))?;
    table.finish()?;
    Ok(component)
}

fn list<'a, T>(
    value: Option<Value<'a>>,
    read: impl Fn(&Value<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    value.map_or(Ok(Vec::new()), |value| value.array()?.iter().map(read).collect())
}

fn named<'a, T>(
    value: Option<Value<'a>>,
    read: impl Fn(&Value<'a>) -> Result<T, Error>,
) -> Result<BTreeMap<String, T>, Error> {
    let Some(value) = value else {
        return Ok(BTreeMap::new());
    };
    let entries = value.table()?.into_entries();
    entries
        .iter()
        .map(|entry| Ok((entry.key().to_owned(), read(entry)?)))
        .collect()
}

fn read_label(item: &Value<'_>) -> Result<String, Error> {
    let label = item.string()?;
    ids::check_label(&label).map_err(|why| item.error(format!("is {label:?}, which is no name: {why}")))?;
    Ok(label)
}

/// An allowed host. One with a template is checked with the defaults, if they suffice; its real value is checked when
/// the application starts.
fn read_host(item: &Value<'_>, scope: &Scope<'_>) -> Result<Template, Error> {
    let template = scope.template(item)?;
    if let Some(entry) = with_defaults(&template, scope)
        && (template.is_literal() || !stands_for_nothing(&entry))
    {
        AllowedHost::parse(&entry).map_err(|error| item.error(format!("is wrong: {error}")))?;
    }
    Ok(template)
}

fn with_defaults(template: &Template, scope: &Scope<'_>) -> Option<String> {
    template
        .parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Variable(name) => scope.variables.get(name)?.default.as_deref(),
        })
        .collect()
}

/// `build` is for the one who builds; here it is only held to its form.
fn check_build(build: Option<Value<'_>>) -> Result<(), Error> {
    let Some(build) = build else { return Ok(()) };
    let mut table = build.table()?;
    let command = table.require("command")?;
    if command.is_array() {
        command.strings().map(drop)?
    } else {
        command.string().map(drop)?
    }
    if let Some(workdir) = table.take("workdir") {
        workdir.string()?;
    }
    if let Some(watch) = table.take("watch") {
        watch.strings()?;
    }
    table.finish()
}

/// Profiles take effect with Spin's `--profile` only, which this host does not have.
fn check_profiles(profiles: Option<Value<'_>>) -> Result<(), Error> {
    let Some(profiles) = profiles else { return Ok(()) };
    for profile in profiles.table()?.into_entries() {
        let mut table = profile.table()?;
        for key in ["build", "dependencies", "environment", "source"] {
            table.take(key);
        }
        table.finish()?;
    }
    Ok(())
}
