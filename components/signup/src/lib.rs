//! `POST /api/v1/signup`: makes an account.
//!
//! This file is wiring; the route is in [`handler`].

pub mod handler;
pub mod settings;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::hashing::HashingQueue;
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{SpinPorts, SpinVariables, SpinWay, publish_later};
    use jetway_gateway::store::Schema;

    use crate::handler::{self, App};
    use crate::settings::Settings;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static SCHEMA: Schema = Schema::new();
    static HASHES: HashingQueue = HashingQueue::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve(request, async |request, request_id| {
            let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                Settings::read(&SpinVariables).await
            })
            .await?;
            let app = App {
                ports: &SpinPorts,
                schema: &SCHEMA,
                hashes: &HASHES,
                settings: &settings,
                publish: |user| publish_later(user, settings.redis.clone(), &SCHEMA, request_id.clone()),
            };
            handler::handle(request, &app).await
        })
        .await
    }
}
