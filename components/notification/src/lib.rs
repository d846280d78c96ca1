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
    use jetway_gateway::notifications::Delivery;
    use jetway_gateway::spin::SpinPorts;
    use jetway_gateway::store::Schema;

    static SCHEMA: Schema = Schema::new();

    /// Takes a message. A failure is a line in the log: nobody would try the message again, and the sweep takes what it was about.
    #[spin_sdk::redis_subscriber]
    async fn handle(message: Bytes) -> Result<(), Infallible> {
        let delivery = Delivery {
            ports: &SpinPorts,
            schema: &SCHEMA,
        };
        if let Err(error) = delivery.wake_up(&message).await {
            log::background("wake_up_failed", &[("cause", &error.to_string())]);
        }
        Ok(())
    }
}
