//! Which components run in one process, and which apart: the list that `spin up` and SpinKube want.
//!
//! Everything but `notification`, whose Redis trigger ends on Spin with the connection to Redis, and the process with it. The ids
//! are those that Spin gives: where several triggers name a component and one of them has middleware, each of those has a copy
//! of its own, `COMPONENT-for-TRIGGER`.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::workspace::root;

/// What is woken by Redis.
pub(crate) const WOKEN: &str = "notification";

/// Prints the flags with which `spin up` runs everything but [`WOKEN`].
pub(crate) fn print() -> Result<()> {
    println!("{}", flags(&of_the_gateway()?).join(" "));
    Ok(())
}

/// The ids as flags of `spin up`.
pub(crate) fn flags(ids: &BTreeSet<String>) -> Vec<String> {
    ids.iter().flat_map(|id| ["-c".to_owned(), id.clone()]).collect()
}

/// The ids of everything that answers HTTP.
pub(crate) fn of_the_gateway() -> Result<BTreeSet<String>> {
    let file = root().join("spin.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    of_manifest(&text).context("spin.toml is not as Spin has it")
}

fn of_manifest(text: &str) -> Result<BTreeSet<String>> {
    let manifest: Table = text.parse()?;
    let triggers: Vec<_> = manifest
        .get("trigger")
        .and_then(|kinds| kinds.get("http")?.as_array())
        .context("it has no HTTP triggers")?
        .iter()
        .map(|trigger| {
            Some((
                word(trigger, "component")?,
                word(trigger, "id")?,
                has_middleware(trigger),
            ))
        })
        .collect::<Option<_>>()
        .context("an HTTP trigger has no component or no id")?;
    let uses = |component: &str| triggers.iter().filter(|(used, ..)| *used == component).count();
    let ids = triggers.iter().map(|(component, id, middleware)| {
        if *middleware && uses(component) > 1 {
            format!("{component}-for-{id}")
        } else {
            (*component).to_owned()
        }
    });
    Ok(ids.collect())
}

fn word<'a>(trigger: &'a Value, key: &str) -> Option<&'a str> {
    trigger.get(key)?.as_str()
}

fn has_middleware(trigger: &Value) -> bool {
    let layers = trigger
        .get("dependencies")
        .and_then(|dependencies| dependencies.get("middleware")?.as_array());
    layers.is_some_and(|layers| !layers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_the_ids_that_spin_gives_them() {
        let manifest = r#"
            [[trigger.http]]
            id = "a-route"
            component = "a"
            dependencies.middleware = [{ component = "m" }]
            [[trigger.http]]
            id = "a-ready"
            component = "a"
            [[trigger.http]]
            id = "b-route"
            component = "b"
            dependencies.middleware = [{ component = "m" }]
            [[trigger.redis]]
            component = "notification"
        "#;
        let ids = of_manifest(manifest).unwrap();
        assert_eq!(flags(&ids).join(" "), "-c a -c a-for-a-route -c b");
    }

    #[test]
    fn the_gateway_is_everything_but_what_redis_wakes() {
        let ids = of_the_gateway().unwrap();
        assert!(
            ids.contains("status") && ids.contains("notification-endpoint"),
            "{ids:?}"
        );
        assert!(!ids.contains(WOKEN), "{ids:?}");
    }
}
