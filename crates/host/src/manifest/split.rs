//! Gives each set of a component and its middleware an id of its own, as Spin does.
//!
//! A component that only one trigger names keeps its id. Where several name it and any of them has middleware, each
//! trigger with middleware gets a copy of its own; those without share the plain one.

use std::collections::{BTreeMap, BTreeSet};

use super::trigger::{Kind, Trigger};
use crate::app::{Component, HttpTrigger, RedisTrigger};
use crate::document::Error;

/// The triggers, and the components that they name.
#[derive(Default)]
pub(super) struct Split {
    pub(super) http_triggers: Vec<HttpTrigger>,
    pub(super) redis_triggers: Vec<RedisTrigger>,
    pub(super) components: BTreeMap<String, Component>,
}

pub(super) fn split(
    triggers: Vec<Trigger<'_>>,
    mut components: BTreeMap<String, Component>,
) -> Result<Split, Error> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for trigger in &triggers {
        *uses.entry(trigger.component.clone()).or_default() += 1;
    }

    let mut split = Split::default();
    let mut reachable = BTreeSet::new();
    for trigger in triggers {
        let Trigger {
            at,
            id,
            component,
            kind,
        } = trigger;
        match kind {
            Kind::Redis { channel, address } => {
                reachable.insert(component.clone());
                split.redis_triggers.push(RedisTrigger {
                    id,
                    component,
                    channel,
                    address,
                });
            }
            Kind::Http { route, middleware } => {
                let shared = uses.get(&component).is_some_and(|&count| count > 1);
                let own = if shared && !middleware.is_empty() {
                    let own = format!("{component}-for-{id}");
                    if components.contains_key(&own) {
                        return Err(at.error(format!("needs the id `{own}`, which another component has")));
                    }
                    let mut copy = components.get(&component).cloned();
                    copy.iter_mut().for_each(|copy| copy.id.clone_from(&own));
                    components.extend(copy.map(|copy| (own.clone(), copy)));
                    own
                } else {
                    component
                };
                if let Some(component) = components.get_mut(&own)
                    && !middleware.is_empty()
                {
                    component.middleware = middleware;
                }
                reachable.insert(own.clone());
                split.http_triggers.push(HttpTrigger {
                    id,
                    component: own,
                    route,
                });
            }
        }
    }
    // Sections of middleware, and components that only copies are used of, are never run by themselves.
    components.retain(|id, _| reachable.contains(id));
    split.components = components;
    Ok(split)
}
