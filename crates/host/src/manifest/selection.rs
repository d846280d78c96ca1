//! `--component-id`: a part of an application.

use std::collections::BTreeSet;

use crate::app::App;

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
    Ok(app)
}
