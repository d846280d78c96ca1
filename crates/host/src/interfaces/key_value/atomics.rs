//! `wasi:keyvalue/atomics`.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::{OpenBucket, OpenSwap, State};
use crate::{
    backends::key_value::{Store, SwapError},
    interfaces::bindings::wasi::keyvalue::{
        atomics::{CasError, Host, HostCas},
        store::Error,
    },
};

impl State {
    async fn begin_swap(&mut self, store: Arc<dyn Store>, key: String) -> Result<Resource<OpenSwap>, Error> {
        let swap = store.compare_and_swap(&key).await?;
        let full = |_| Error::Other("too many compare_and_swaps opened".to_owned());
        self.table.push(OpenSwap { store, key, swap }).map_err(full)
    }
}

impl Host for State {
    async fn increment(
        &mut self,
        bucket: Resource<OpenBucket>,
        key: String,
        delta: i64,
    ) -> Result<i64, Error> {
        Ok(self.bucket(&bucket)?.increment(&key, delta).await?)
    }

    async fn swap(&mut self, swap: Resource<OpenSwap>, value: Vec<u8>) -> Result<(), CasError> {
        // The guest gave its handle away with this call.
        let OpenSwap { store, key, swap } = self.table.delete(swap).map_err(gone)?;
        match swap.swap(value).await {
            Ok(()) => Ok(()),
            Err(SwapError::Store(error)) => Err(CasError::StoreError(error.into())),
            Err(SwapError::Changed) => {
                // The new handle has seen the value that is there now, so that the guest can try again at once.
                let again = self.begin_swap(store, key).await.map_err(CasError::StoreError)?;
                let seen = Arc::clone(&self.table.get(&again).map_err(gone)?.swap);
                seen.current()
                    .await
                    .map_err(|error| CasError::StoreError(error.into()))?;
                Err(CasError::CasFailed(again))
            }
        }
    }

    fn convert_cas_error(&mut self, error: CasError) -> wasmtime::Result<CasError> {
        Ok(error)
    }
}

impl HostCas for State {
    async fn new(&mut self, bucket: Resource<OpenBucket>, key: String) -> Result<Resource<OpenSwap>, Error> {
        let store = self.bucket(&bucket)?;
        self.begin_swap(store, key).await
    }

    async fn current(&mut self, swap: Resource<OpenSwap>) -> Result<Option<Vec<u8>>, Error> {
        let swap = self.table.get(&swap).map(|open| Arc::clone(&open.swap));
        let swap = swap.map_err(|_| Error::Other("compare and swap not found".to_owned()))?;
        Ok(swap.current().await?)
    }

    async fn drop(&mut self, swap: Resource<OpenSwap>) -> wasmtime::Result<()> {
        self.table.delete(swap)?;
        Ok(())
    }
}

fn gone(_: wasmtime::component::ResourceTableError) -> CasError {
    CasError::StoreError(Error::Other("compare and swap not found".to_owned()))
}
