//! Roles, and who has them: for administrators; and `POST /api/v1/admin/bootstrap`, which makes the first one.
//!
//! This file is wiring; [`handler`] has the routes, and each resource has a file.

pub mod app;
pub mod handler;
pub mod settings;

mod audit;
mod bootstrap;
mod disabled;
mod grants;
mod notifications;
mod page;
mod ready;
mod roles;
mod sessions;
mod users;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::hashing::HashingQueue;
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{KeysOfDatabase, SpinPorts, SpinVariables, SpinWay, publish_later};
    use jetway_gateway::store::Schema;
    use jetway_gateway::tokens::VerifierCache;

    use crate::app::App;
    use crate::handler;
    use crate::settings::Settings;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static SCHEMA: Schema = Schema::new();
    static HASHES: HashingQueue = HashingQueue::new();
    static VERIFIER: VerifierCache = VerifierCache::of(&KeysOfDatabase);

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve(request, async |request, request_id| {
            let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                Settings::read(&SpinVariables).await
            })
            .await?;
            let app = App {
                ports: &SpinPorts,
                settings: &settings,
                schema: &SCHEMA,
                hashes: &HASHES,
                verifier: &VERIFIER,
                request_id,
                publish: |user| publish_later(user, settings.redis.clone(), &SCHEMA, request_id.clone()),
            };
            handler::handle(request, &app).await
        })
        .await
    }
}
