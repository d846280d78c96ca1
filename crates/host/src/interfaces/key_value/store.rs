//! `spin:key-value@3.0.0`.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::{KeyValue, OpenStore, Refusal, State};
use crate::{
    backends::key_value::{self as backend, Store},
    interfaces::{
        bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore},
        stream::{Batches, outcome},
    },
};

/// How many pages of keys may wait for a guest that reads slowly.
const PAGES: usize = 2;

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostStore for State {
    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T> HostStoreWithStore<T> for KeyValue {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<OpenStore>, Error> {
        let provider = accessor.with(|mut access| access.get().provider(&label))?;
        let store = OpenStore(provider.open(&label)?);
        accessor
            .with(|mut access| access.get().table.push(store))
            .map_err(|_| Error::StoreTableFull)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        Ok(opened(accessor, &store)?.get(&key).await?)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        Ok(opened(accessor, &store)?.set(&key, value).await?)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<(), Error> {
        Ok(opened(accessor, &store)?.delete(&key).await?)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<bool, Error> {
        Ok(opened(accessor, &store)?.exists(&key).await?)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let store = opened(accessor, &store)?;
        let (pages, received) = mpsc::channel(PAGES);
        let (ended, end) = oneshot::channel();
        tokio::spawn(async move {
            ended.send(send_keys(store, pages).await).ok();
        });
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, Batches::new(received, |key| key))?;
            let end = FutureReader::new(&mut access, outcome(end, Error::Other))?;
            Ok((keys, end))
        })
    }
}

/// Sends all keys, a page at a time, until there are no more or nobody reads them.
async fn send_keys(store: Arc<dyn Store>, pages: mpsc::Sender<Vec<String>>) -> Result<(), backend::Error> {
    let mut cursor = None;
    loop {
        let page = store.key_page(cursor).await?;
        if pages.send(page.keys).await.is_err() {
            return Ok(());
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn opened<T>(accessor: &Accessor<T, KeyValue>, store: &Resource<OpenStore>) -> Result<Arc<dyn Store>, Error> {
    let store = accessor.with(|mut access| access.get().table.get(store).map(|open| Arc::clone(&open.0)));
    // The guest can hold no handle that is not in the table; Spin answers so if it did.
    store.map_err(|_| Error::NoSuchStore)
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AccessDenied => Self::AccessDenied,
            Refusal::NoSuchStore => Self::NoSuchStore,
        }
    }
}

impl From<backend::Error> for Error {
    fn from(error: backend::Error) -> Self {
        Self::Other(error.to_string())
    }
}
