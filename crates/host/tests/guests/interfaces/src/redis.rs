//! `spin:redis`

use anyhow::{Result, ensure};
use spin_sdk::{
    redis::{Connection, Error, RedisParameter, RedisResult},
    variables,
};

pub(crate) async fn check() -> Result<()> {
    let forbidden = Connection::open("redis://localhost:1").await;
    ensure!(
        matches!(forbidden, Err(Error::InvalidAddress)),
        "an address that is not granted"
    );
    let connection = Connection::open(variables::get("redis_url").await?).await?;
    connection.set("key", [0, 255]).await?;
    ensure!(connection.get("key").await? == Some(vec![0, 255]), "a value");
    ensure!(connection.incr("n").await? == 1, "a counter");
    ensure!(connection.sadd("set", ["a", "b"]).await? == 2, "a set");
    ensure!(connection.srem("set", ["a"]).await? == 1, "a smaller set");
    ensure!(connection.smembers("set").await? == ["b"], "what is left of it");
    ensure!(connection.del(["key", "none"]).await? == 1, "a deleted key");
    connection.publish("channel", b"nobody listens").await?;
    let command = [
        RedisParameter::Binary(b"number".to_vec()),
        RedisParameter::Int64(7),
    ];
    ensure!(
        connection.execute("SET", command).await? == [RedisResult::Status("OK".to_owned())],
        "any command"
    );
    Ok(())
}

/// The server is granted and away.
pub(crate) async fn check_away() -> Result<()> {
    let away = Connection::open(variables::get("redis_url").await?).await;
    ensure!(matches!(away, Err(Error::Other(_))), "a server that is away");
    Ok(())
}
