//! Publishing on Redis.

use spin_sdk::redis::{Connection, Error};

use crate::config::RedisServer;
use crate::ports::{PublishError, Publisher};

/// A Redis server.
#[derive(Clone, Debug)]
pub struct SpinPublisher {
    server: RedisServer,
}

impl SpinPublisher {
    /// Publishes on `server`. Nothing is opened before the first message.
    pub fn new(server: RedisServer) -> Self {
        Self { server }
    }
}

impl Publisher for SpinPublisher {
    async fn publish(&self, channel: &str, payload: &[u8]) -> Result<(), PublishError> {
        // The host keeps the connections; a handle kept here would outlive a server that went away.
        let connection = Connection::open(self.server.url()).await.map_err(publish_error)?;
        connection.publish(channel, payload).await.map_err(publish_error)
    }
}

fn publish_error(error: Error) -> PublishError {
    PublishError(match error {
        // Not the address itself: it may hold a password.
        Error::InvalidAddress => "the address is not valid or not allowed".to_owned(),
        Error::TooManyConnections => "too many connections".to_owned(),
        Error::TypeError => "an answer of an unexpected type".to_owned(),
        Error::Other(words) => words,
    })
}
