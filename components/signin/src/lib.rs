//! Signing in, sessions, and the signed-in person's own account.
//!
//! This file is wiring; [`handler`] has the routes, and each resource has a file.

pub mod app;
pub mod handler;
pub mod settings;

mod assertion_key;
mod by_mail;
mod device;
mod export;
mod me;
mod mfa;
mod password;
mod preferences;
mod public_keys;
mod ready;
mod refresh;
mod sessions;
mod signin;
mod signout;
mod tokens;
mod unsubscribe;

#[cfg(target_arch = "wasm32")]
mod component {
    use std::rc::Rc;

    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::sessions::OutdatedHash;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{KeysOfDatabase, SpinPorts, SpinVariables, SpinWay, publish_later, run_later};
    use jetway_gateway::tokens::VerifierCache;

    use crate::app::{App, Memory, Publish, Upgrades, upgrade};
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
            let publish = |user| {
                publish_later(user, settings.redis.clone(), &MEMORY.schema, request_id.clone());
            };
            let upgrade_later = |outdated: OutdatedHash| {
                let settings = Rc::clone(&settings);
                let work = async move { upgrade(outdated, &SpinPorts, &settings, &MEMORY).await };
                run_later("password_upgrade_failed", request_id.clone(), work);
            };
            handler::handle(
                request,
                &App {
                    ports: &SpinPorts,
                    settings: &settings,
                    memory: &MEMORY,
                    request_id,
                    publish: Publish(&publish),
                    upgrades: Upgrades(&upgrade_later),
                },
            )
            .await
        })
        .await
    }
}
