//! One component's connection to a server.

use std::{fmt, sync::Arc};

use redis::{AsyncCommands, Client, Cmd, FromRedisValue, aio::MultiplexedConnection};
use tokio::sync::OnceCell;

use super::{Error, Parameter, Reply, connect, value};
use crate::backends::MAX_BUFFERED_BYTES;

/// A connection to a Redis server. Clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    shared: MultiplexedConnection,
    private: Arc<OnceCell<MultiplexedConnection>>,
}

impl fmt::Debug for Connection {
    /// Without the address, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(client: Client, shared: MultiplexedConnection) -> Self {
        Self {
            client,
            shared,
            private: Arc::default(),
        }
    }

    /// The socket for commands that leave no state on it.
    fn socket(&self) -> MultiplexedConnection {
        self.private.get().unwrap_or(&self.shared).clone()
    }

    /// Sends `payload` to the subscribers of `channel`.
    pub async fn publish(&self, channel: &str, payload: &[u8]) -> Result<(), Error> {
        Ok(self.socket().publish(channel, payload).await?)
    }

    /// The value of `key`.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let value: Option<Vec<u8>> = self.socket().get(key).await?;
        within_limit(value.as_ref().map_or(0, Vec::len), value)
    }

    /// Gives `key` the value.
    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        Ok(self.socket().set(key, value).await?)
    }

    /// Adds one to the number at `key`, and returns it.
    pub async fn incr(&self, key: &str) -> Result<i64, Error> {
        Ok(self.socket().incr(key, 1).await?)
    }

    /// Removes the keys, and returns how many there were.
    pub async fn del(&self, keys: &[String]) -> Result<u32, Error> {
        self.command(redis::cmd("DEL").arg(keys)).await
    }

    /// Adds to the set at `key`, and returns how many values are new in it.
    pub async fn sadd(&self, key: &str, values: &[String]) -> Result<u32, Error> {
        self.command(redis::cmd("SADD").arg(key).arg(values)).await
    }

    /// The values of the set at `key`.
    pub async fn smembers(&self, key: &str) -> Result<Vec<String>, Error> {
        let values: Vec<String> = self.socket().smembers(key).await?;
        within_limit(
            values.iter().map(|value| size_of::<String>() + value.len()).sum(),
            values,
        )
    }

    /// Removes from the set at `key`, and returns how many values were in it.
    pub async fn srem(&self, key: &str, values: &[String]) -> Result<u32, Error> {
        self.command(redis::cmd("SREM").arg(key).arg(values)).await
    }

    /// Runs any command, on a socket that no other connection uses; from then on this connection stays on it.
    pub async fn execute(&self, command: &str, arguments: &[Parameter]) -> Result<Vec<Reply>, Error> {
        let mut socket = self
            .private
            .get_or_try_init(|| connect(&self.client))
            .await?
            .clone();
        let mut cmd = redis::cmd(command);
        for argument in arguments {
            cmd.arg(argument);
        }
        let replies = value::flatten(cmd.query_async(&mut socket).await?)?;
        within_limit(replies.iter().map(Reply::size).sum(), replies)
    }

    async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        Ok(command.query_async(&mut self.socket()).await?)
    }
}

fn within_limit<T>(bytes: usize, answer: T) -> Result<T, Error> {
    if bytes <= MAX_BUFFERED_BYTES {
        return Ok(answer);
    }
    Err(Error::Other(format!(
        "query result exceeds limit of {MAX_BUFFERED_BYTES} bytes"
    )))
}
