//! Signing in, sessions, and the signed-in person's own account.
//!
//! This file is wiring; [`handler`] has the routes, and each resource has a file.

pub mod app;
pub mod handler;
pub mod settings;

mod assertion_key;
mod device;
mod me;
mod password;
mod preferences;
mod ready;
mod refresh;
mod sessions;
mod signin;
mod signout;
mod throttle;
mod tokens;
mod unsubscribe;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{SpinPorts, SpinVariables, SpinWay};

    use crate::app::{App, Memory};
    use crate::handler;
    use crate::settings::Settings;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static MEMORY: Memory = Memory::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve(request, async |request, _| {
            let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                Settings::read(&SpinVariables).await
            })
            .await?;
            handler::handle(
                request,
                &App {
                    ports: &SpinPorts,
                    settings: &settings,
                    memory: &MEMORY,
                },
            )
            .await
        })
        .await
    }
}
