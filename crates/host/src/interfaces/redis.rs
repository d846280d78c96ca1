//! `spin:redis@3.0.0`: outbound Redis for guests.
//!
//! A component connects to the addresses that its `allowed_outbound_hosts` allow; any other is an invalid address to it.

use std::sync::Arc;

use wasmtime::component::{Accessor, HasData, Linker, Resource, ResourceTable};

use super::{
    InterfacesView,
    bindings::spin::redis::redis::{
        self, Error, Host, HostConnection, HostConnectionWithStore, Payload, RedisParameter, RedisResult,
    },
};
use crate::{
    allowed_hosts::AllowedHosts,
    backends::redis::{self as backend, Connection, Parameter, Reply, Servers},
};

/// How many connections an instance may hold at a time.
const MAX_CONNECTIONS: usize = 1024;

/// What an instance holds of Redis connections.
#[derive(Debug)]
pub(super) struct State {
    allowed: Arc<AllowedHosts>,
    servers: Servers,
    table: ResourceTable,
}

impl State {
    pub(super) fn new(allowed: Arc<AllowedHosts>, servers: Servers) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_CONNECTIONS);
        Self {
            allowed,
            servers,
            table,
        }
    }
}

/// Says where the state of this interface is.
struct OutboundRedis;

impl HasData for OutboundRedis {
    type Data<'a> = &'a mut State;
}

pub(super) fn add_to_linker<T: InterfacesView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    redis::add_to_linker::<_, OutboundRedis>(linker, |data| &mut data.interfaces().redis)
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostConnection for State {
    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for OutboundRedis {
    async fn open(accessor: &Accessor<T, Self>, address: String) -> Result<Resource<Connection>, Error> {
        let servers = accessor.with(|mut access| {
            let state = access.get();
            state
                .allowed
                .is_url_allowed(&address, "redis")
                .then(|| state.servers.clone())
        });
        let connection = servers.ok_or(Error::InvalidAddress)?.connect(&address).await?;
        accessor
            .with(|mut access| access.get().table.push(connection))
            .map_err(|_| Error::TooManyConnections)
    }

    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        channel: String,
        payload: Payload,
    ) -> Result<(), Error> {
        Ok(opened(accessor, &connection)?.publish(&channel, &payload).await?)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Option<Payload>, Error> {
        Ok(opened(accessor, &connection)?.get(&key).await?)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        value: Payload,
    ) -> Result<(), Error> {
        Ok(opened(accessor, &connection)?.set(&key, &value).await?)
    }

    async fn incr(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<i64, Error> {
        Ok(opened(accessor, &connection)?.incr(&key).await?)
    }

    async fn del(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        keys: Vec<String>,
    ) -> Result<u32, Error> {
        Ok(opened(accessor, &connection)?.del(&keys).await?)
    }

    async fn sadd(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        Ok(opened(accessor, &connection)?.sadd(&key, &values).await?)
    }

    async fn smembers(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Vec<String>, Error> {
        Ok(opened(accessor, &connection)?.smembers(&key).await?)
    }

    async fn srem(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        Ok(opened(accessor, &connection)?.srem(&key, &values).await?)
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Result<Vec<RedisResult>, Error> {
        let arguments: Vec<_> = arguments.into_iter().map(from_guest).collect();
        let replies = opened(accessor, &connection)?
            .execute(&command, &arguments)
            .await?;
        Ok(replies.into_iter().map(to_guest).collect())
    }
}

fn opened<T>(
    accessor: &Accessor<T, OutboundRedis>,
    connection: &Resource<Connection>,
) -> Result<Connection, Error> {
    let connection = accessor.with(|mut access| access.get().table.get(connection).cloned());
    connection.map_err(|_| Error::Other("could not find connection for resource".to_owned()))
}

fn from_guest(parameter: RedisParameter) -> Parameter {
    match parameter {
        RedisParameter::Int64(integer) => Parameter::Integer(integer),
        RedisParameter::Binary(bytes) => Parameter::Bytes(bytes),
    }
}

fn to_guest(reply: Reply) -> RedisResult {
    match reply {
        Reply::Nil => RedisResult::Nil,
        Reply::Status(text) => RedisResult::Status(text),
        Reply::Integer(integer) => RedisResult::Int64(integer),
        Reply::Bytes(bytes) => RedisResult::Binary(bytes),
    }
}

impl From<backend::Error> for Error {
    fn from(error: backend::Error) -> Self {
        match error {
            backend::Error::InvalidAddress => Self::InvalidAddress,
            backend::Error::WrongType => Self::TypeError,
            backend::Error::Other(text) => Self::Other(text),
        }
    }
}
