//! Calls the handler that a component exports as `spin:redis/inbound-redis`.

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;

use super::MessageHandler;
use crate::{app::App, instances::Instances, interfaces::inbound_redis::GuestIndices};

/// The components of the Redis triggers. Each message gets an instance of its own.
pub struct Guests {
    components: BTreeMap<String, (GuestIndices, Arc<Instances>)>,
}

impl Guests {
    /// The components of the Redis triggers of `app`. Each must export the handler.
    pub fn new(app: &App, instances: &HashMap<String, Arc<Instances>>) -> anyhow::Result<Self> {
        let mut components = BTreeMap::new();
        for trigger in &app.redis_triggers {
            let id = &trigger.component;
            let instances = instances
                .get(id)
                .with_context(|| format!("there is no component `{id}`"))?;
            let indices = GuestIndices::new(instances.code())
                .map_err(anyhow::Error::from)
                .with_context(|| {
                    format!(
                        "component `{id}` of a Redis trigger does not export spin:redis/inbound-redis@3.0.0"
                    )
                })?;
            components.insert(id.clone(), (indices, Arc::clone(instances)));
        }
        Ok(Self { components })
    }
}

#[async_trait]
impl MessageHandler for Guests {
    async fn handle(&self, component: &str, payload: Vec<u8>) -> anyhow::Result<()> {
        let (indices, instances) = self
            .components
            .get(component)
            .ok_or_else(|| anyhow!("it is not a component of a Redis trigger"))?;
        let (mut store, instance) = instances.instantiate().await?;
        let guest = indices.load(&mut store, &instance)?;
        let answer = store.run_concurrent(async |accessor| {
            let answer = guest.call_handle_message(accessor, payload).await;
            // What the guest has started may go on after its answer.
            poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
            answer
        });
        answer
            .await??
            .map_err(|error| anyhow!("the handler returned an error: {error:?}"))
    }
}
