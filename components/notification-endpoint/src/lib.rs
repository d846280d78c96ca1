//! Notifications over HTTP, for those who operate the gateway: the sweep, the inbox,
//! and events that are to arrive for certain.
//!
//! This file is wiring; the routes are in [`handler`].

pub mod handler;
pub mod settings;

#[cfg(target_arch = "wasm32")]
mod component {
    use jetway_gateway::notifications::MailSecrets;
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::{Request, Response, SpinOutboundHttp, serve_outermost};
    use jetway_gateway::spin::{SpinPorts, SpinVariables, SpinWay, publish_waiting_later};
    use jetway_gateway::store::Schema;

    use crate::handler::{self, App};
    use crate::settings::Settings;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static SCHEMA: Schema = Schema::new();
    static SECRETS: MailSecrets = MailSecrets::new();

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve_outermost(request, async |request, request_id| {
            let settings = PerInstance::get_or_try_init(&SETTINGS, &SpinWay, async || {
                Settings::read(&SpinVariables).await
            })
            .await?;
            let app = App {
                ports: &SpinPorts,
                schema: &SCHEMA,
                settings: &settings,
                http: &SpinOutboundHttp,
                secrets: &SECRETS,
                publish: || publish_waiting_later(settings.redis.clone(), &SCHEMA, request_id.clone()),
            };
            handler::handle(request, &app).await
        })
        .await
    }
}
