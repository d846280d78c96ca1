//! `auth-check` over HTTP: the forward-auth endpoint for gateways elsewhere, and the public keys.
//!
//! This file is wiring; the routes are in [`handler`].

pub mod handler;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, serve};
    use jetway_gateway::spin::{KeysOfSignin, SpinKeyValue, SpinVariables, SpinWay, SystemClock};
    use jetway_gateway::tokens::VerifierCache;

    use crate::handler::{self, App, Settings};

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static CACHE: VerifierCache = VerifierCache::of(&KeysOfSignin);

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve(request, async |request, _| {
            let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                Settings::read(&SpinVariables).await
            })
            .await?;
            let app = App {
                store: &SpinKeyValue,
                clock: &SystemClock,
                cache: &CACHE,
                settings: &settings,
            };
            handler::handle(&request, &app).await
        })
        .await
    }
}
