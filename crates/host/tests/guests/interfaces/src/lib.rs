//! A guest that checks the host from inside: a message names a check, and the handler's error says how it failed.

#![cfg_attr(
    target_arch = "wasm32",
    expect(
        unsafe_code,
        reason = "the entry point that the SDK generates exports symbols"
    )
)]

#[cfg(target_arch = "wasm32")]
mod key_value;
#[cfg(target_arch = "wasm32")]
mod keyvalue;
#[cfg(target_arch = "wasm32")]
mod redis;
#[cfg(target_arch = "wasm32")]
mod sqlite;
#[cfg(target_arch = "wasm32")]
mod variables;

#[cfg(target_arch = "wasm32")]
#[spin_sdk::redis_subscriber]
async fn handle(message: bytes::Bytes) -> anyhow::Result<()> {
    match &message[..] {
        b"key-value" => key_value::check().await,
        b"keyvalue" => keyvalue::check(),
        b"sqlite" => sqlite::check().await,
        b"variables" => variables::check().await,
        b"redis" => redis::check().await,
        b"redis-away" => redis::check_away().await,
        b"error" => Err(anyhow::anyhow!("as asked")),
        other => Err(anyhow::anyhow!("there is no check {other:?}")),
    }
}
