//! HTTP middleware: counts a client's requests and refuses what is too many.
//!
//! What it limits, and how, is in the variables of the component behind it: `rate_limits`, `rate_limit_on_failure`, and
//! those about the client's address. As the outermost layer it also tells browsers what they need to know
//! (`cors_allowed_origins`). This file is wiring; the logic is the library's [`count_request`].
//!
//! [`count_request`]: jetway_gateway::rate_limit::count_request

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::browser;
    use jetway_gateway::client::Client;
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::ports::Clock as _;
    use jetway_gateway::rate_limit::{Memory, Settings, add_headers, count_request};
    use jetway_gateway::spin::http::{Request, Response};
    use jetway_gateway::spin::{
        SpinKeyValue, SpinVariables, SpinWay, SystemClock, stand_outermost, sweep_when_answered,
    };

    thread_local! {
        static SETTINGS: PerInstance<Settings> = const { PerInstance::new() };
        static BROWSERS: PerInstance<browser::Settings> = const { PerInstance::new() };
    }
    static MEMORY: Memory = Memory::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        stand_outermost(
            request,
            async || {
                PerInstance::get_or_try_init(&BROWSERS, &SpinWay, async || {
                    browser::Settings::read(&SpinVariables).await
                })
                .await
            },
            async |head, request_id| {
                let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                    Settings::read(&SpinVariables).await
                })
                .await?;
                let (outside, now) = ((&SpinKeyValue, &SystemClock, &SpinWay), SystemClock.now());
                sweep_when_answered(&MEMORY.sweep, now, settings.sweep_period());
                let client = Client::of_request(head.headers(), &settings.client);
                count_request(head, &client, request_id, outside, now, &settings, &MEMORY).await
            },
            |usages, headers| add_headers(headers, &usages),
        )
        .await
    }
}
