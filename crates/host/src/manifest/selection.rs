//! `--component-id`: a part of an application.

use std::collections::BTreeSet;

use crate::allowed_hosts::AllowedHost;
use crate::app::{App, Component};

/// Keeps the components `ids` and their triggers. The ids are those after splitting, as with `spin up`.
pub fn select(mut app: App, ids: &[String]) -> anyhow::Result<App> {
    if ids.is_empty() {
        return Ok(app);
    }
    for id in ids {
        if !app.components.contains_key(id) {
            let known = app.components.keys().cloned().collect::<Vec<_>>().join(", ");
            anyhow::bail!("--component-id {id}: the application has no such component; it has: {known}");
        }
    }
    let ids: BTreeSet<_> = ids.iter().collect();
    app.components.retain(|id, _| ids.contains(id));
    app.http_triggers
        .retain(|trigger| ids.contains(&trigger.component));
    app.redis_triggers
        .retain(|trigger| ids.contains(&trigger.component));
    app.components
        .values()
        .try_for_each(|component| check_chaining(component, &ids))?;
    Ok(app)
}

/// A call to a component that is left out would fail at a request, long after the start. A host with a template is not
/// known yet, and is let pass.
fn check_chaining(component: &Component, ids: &BTreeSet<&String>) -> anyhow::Result<()> {
    let id = &component.id;
    let literal = component
        .allowed_outbound_hosts
        .iter()
        .filter(|template| template.is_literal());
    for host in literal.filter_map(|template| AllowedHost::parse(&template.to_string()).ok()) {
        anyhow::ensure!(
            !host.chains_to_all(),
            "--component-id: component `{id}` may call every component (http://*.spin.internal), so it runs only in \
             the whole application"
        );
        if let Some(called) = host.chained_component()
            && !ids.iter().any(|id| id.as_str() == called)
        {
            anyhow::bail!(
                "--component-id: component `{id}` may call `{called}`, which is not selected: select it too"
            );
        }
    }
    Ok(())
}
