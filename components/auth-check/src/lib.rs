//! HTTP middleware: lets through who may pass, with the identity in headers.
//!
//! Who may, and how often, is in the variables of the component behind it: `access_policy`, `issuer` and `audience`, and the
//! rules by user among `rate_limits`. This file is wiring; the logic is the library's [`admit`].
//!
//! [`admit`]: jetway_gateway::access::admit

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::access::{AdmissionSettings, admit};
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::rate_limit::{Memory, add_headers};
    use jetway_gateway::spin::http::{Request, Response};
    use jetway_gateway::spin::{
        KeysOfSignin, SpinKeyValue, SpinVariables, SpinWay, SystemClock, stand_between,
    };
    use jetway_gateway::tokens::VerifierCache;

    thread_local! { static SETTINGS: PerInstance<AdmissionSettings> = const { PerInstance::new() }; }
    static MEMORY: Memory = Memory::new();
    static CACHE: VerifierCache = VerifierCache::of(&KeysOfSignin);

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        stand_between(
            request,
            async |head, request_id| {
                let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                    AdmissionSettings::read(&SpinVariables).await
                })
                .await?;
                MEMORY.limiter.note_request();
                let verifier = settings.tokens.verifier(&SpinKeyValue, &SystemClock, &CACHE);
                let outside = (&SpinKeyValue, &SystemClock, &SpinWay, &MEMORY);
                admit(head, request_id, &settings, &verifier, outside).await
            },
            |admitted, headers| add_headers(headers, &admitted.usages),
        )
        .await
    }
}
