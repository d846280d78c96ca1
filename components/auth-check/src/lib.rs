//! HTTP middleware: lets through who may pass, with the identity in headers.
//!
//! Who may is in the variables of the component behind it: `access_policy`, `issuer` and `audience`. This file is wiring;
//! the logic is in [`handler`].

pub mod handler;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response};
    use jetway_gateway::spin::{SpinKeyValue, SpinVariables, SystemClock, stand_between};
    use jetway_gateway::tokens::VerifierCache;

    use crate::handler::{self, Settings};

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static CACHE: VerifierCache = VerifierCache::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        stand_between(
            request,
            async |head, _| {
                let settings =
                    PerInstance::get_or_try_init(&SETTINGS, async || Settings::read(&SpinVariables).await)
                        .await?;
                let verifier = settings.tokens.verifier(&SpinKeyValue, &SystemClock, &CACHE);
                handler::admit(head, &settings.policy, &verifier).await
            },
            |(), _| {},
        )
        .await
    }
}
