//! HTTP middleware: counts a client's requests and refuses what is too many.
//!
//! What it limits, and how, is in the variables of the component behind it: `rate_limits`, `trusted_proxies` and
//! `rate_limit_on_failure`. This file is wiring; the logic is in [`handler`].

pub mod handler;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::log;
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::rate_limit::{Memory, Settings, add_headers};
    use jetway_gateway::spin::http::{Request, Response};
    use jetway_gateway::spin::sdk::wasip3::spawn;
    use jetway_gateway::spin::{SpinKeyValue, SpinVariables, SystemClock, stand_between};

    use crate::handler;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static MEMORY: Memory = Memory::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        let response = stand_between(
            request,
            async |head, request_id| {
                let settings =
                    PerInstance::get_or_try_init(&SETTINGS, async || Settings::read(&SpinVariables).await)
                        .await?;
                handler::count(head, request_id, &SpinKeyValue, &SystemClock, &settings, &MEMORY).await
            },
            |usages, headers| add_headers(headers, &usages),
        )
        .await;
        spawn(sweep());
        response
    }

    /// Looks after the store, when the client has its answer.
    async fn sweep() {
        let settings = PerInstance::get_or_try_init(&SETTINGS, async || Settings::read(&SpinVariables).await);
        // Settings that are bad have been answered with.
        let Ok(settings) = settings.await else { return };
        let period = settings.sweep_period();
        if let Err(error) = MEMORY.sweep.if_due(&SpinKeyValue, &SystemClock, period).await {
            log::background("not_swept", &[("cause", &error.to_string())]);
        }
    }
}
