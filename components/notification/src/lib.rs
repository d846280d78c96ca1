//! Woken by a message on Redis, tells people what has happened.
//!
//! This file is wiring: what a message means, and what is done about it, is in `jetway_gateway::notifications`. The sweep, which
//! takes what no message took, is the component `notification-endpoint`: its HTTP trigger is to go on while Redis is away, and on
//! Spin a Redis trigger ends with the connection, and with it the process that it runs in.

#![cfg_attr(
    target_arch = "wasm32",
    expect(
        unsafe_code,
        reason = "the entry point that the SDK generates exports symbols"
    )
)]

#[cfg(target_arch = "wasm32")]
mod component {
    use std::convert::Infallible;

    use bytes::Bytes;
    use jetway_gateway::log;
    use jetway_gateway::notifications::{Delivery, MailSecrets, Settings};
    use jetway_gateway::per_instance::PerInstance;
    use jetway_gateway::spin::http::SpinOutboundHttp;
    use jetway_gateway::spin::{SpinPorts, SpinVariables, SpinWay};
    use jetway_gateway::store::Schema;

    thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }
    static SCHEMA: Schema = Schema::new();
    static SECRETS: MailSecrets = MailSecrets::new();

    /// Takes a message. A failure is a line in the log: nobody would try the message again.
    #[spin_sdk::redis_subscriber]
    async fn handle(message: Bytes) -> Result<(), Infallible> {
        let read = async || Settings::read(&SpinVariables).await;
        let settings = match PerInstance::get_or_try_init(&SETTINGS, &SpinWay, read).await {
            Ok(settings) => settings,
            Err(error) => {
                log::background("misconfigured", &[("cause", &error.to_string())]);
                return Ok(());
            }
        };
        let delivery = Delivery {
            ports: &SpinPorts,
            schema: &SCHEMA,
            settings: &settings,
            http: &SpinOutboundHttp,
            secrets: &SECRETS,
        };
        if let Err(error) = delivery.wake_up(&message).await {
            log::background("wake_up_failed", &[("cause", &error.to_string())]);
        }
        Ok(())
    }
}
