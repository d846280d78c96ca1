//! Redis servers that components connect to.
//!
//! All connections to one address share a socket for as long as they use commands that leave no trace on it. The first
//! [`Connection::execute`], which may be `SELECT`, `MULTI` or `WATCH`, moves its connection to a socket of its own, so
//! that no component meets the state that another left. A server that does not answer is an error within
//! [`CONNECT_TIMEOUT`] or [`RESPONSE_TIMEOUT`], never a hang.

mod connection;
mod value;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};
use tokio::time::timeout;

pub use self::connection::Connection;
pub use self::value::{Parameter, Reply};

/// How long making a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take. A blocking command must ask for less.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What can go wrong with a Redis server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is not a `redis://` URL.
    #[error("invalid Redis address")]
    InvalidAddress,
    /// The value at the key is not of the type that the command wants.
    #[error("the value has another type")]
    WrongType,
    /// Anything else, in the words of the server or the client.
    #[error("{0}")]
    Other(String),
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        match error.kind() {
            redis::ErrorKind::UnexpectedReturnType => Self::WrongType,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// The servers that are connected to, by address. Clones share them.
#[derive(Clone, Default)]
pub struct Servers {
    sockets: Arc<Mutex<HashMap<String, MultiplexedConnection>>>,
}

impl fmt::Debug for Servers {
    /// Without the addresses, which may hold passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Servers").finish_non_exhaustive()
    }
}

impl Servers {
    /// Connects to the server at `address`, a URL, and makes sure that it answers.
    pub async fn connect(&self, address: &str) -> Result<Connection, Error> {
        let client = Client::open(address).map_err(|_| Error::InvalidAddress)?;
        let known = self.sockets().get(address).cloned();
        let socket = match known {
            Some(socket) if answers(&socket).await => socket,
            // Callers do not wait for each other, or a silent server would hold up the last of many for minutes. That a
            // few connect at the same time costs nothing lasting: the sockets nobody uses close.
            _ => {
                let socket = connect(&client).await?;
                self.sockets().insert(address.to_owned(), socket.clone());
                socket
            }
        };
        Ok(Connection::new(client, socket))
    }

    /// The sockets, locked: never across an `await`.
    fn sockets(&self) -> MutexGuard<'_, HashMap<String, MultiplexedConnection>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket to the server, with both time-outs.
pub(super) async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// Whether the server behind a socket is still there.
async fn answers(socket: &MultiplexedConnection) -> bool {
    let ping = async { redis::cmd("PING").exec_async(&mut socket.clone()).await };
    matches!(timeout(CONNECT_TIMEOUT, ping).await, Ok(Ok(())))
}
