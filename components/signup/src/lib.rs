//! Making an account, and what its owner does with a token out of a mail: verifying the address, resetting the password.
//!
//! This file is wiring; [`handler`] has the routes, and each resource has a file.

pub mod app;
pub mod handler;
pub mod settings;

mod email;
mod password;
mod ready;
mod sign_up;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{KeysOfDatabase, SpinPorts, SpinVariables, SpinWay, publish_later};
    use jetway_gateway::tokens::VerifierCache;

    use crate::app::{App, Memory};
    use crate::handler;
    use crate::settings::Settings;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static MEMORY: Memory = Memory::new(VerifierCache::of(&KeysOfDatabase));

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
                memory: &MEMORY,
                publish: |user| {
                    publish_later(user, settings.redis.clone(), &MEMORY.schema, request_id.clone());
                },
            };
            handler::handle(request, &app).await
        })
        .await
    }
}
