//! `wasi:keyvalue/store`.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::{OpenBucket, Refusal, State};
use crate::{
    backends::key_value::{self as backend, Store, all_keys},
    interfaces::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse},
};

impl State {
    pub(super) fn bucket(&self, bucket: &Resource<OpenBucket>) -> Result<Arc<dyn Store>, Error> {
        // The guest can hold no handle that is not in the table; Spin answers so if it did.
        self.table
            .get(bucket)
            .map(|bucket| Arc::clone(&bucket.0))
            .map_err(|_| Error::NoSuchStore)
    }
}

impl Host for State {
    async fn open(&mut self, identifier: String) -> Result<Resource<OpenBucket>, Error> {
        let store = self.provider(&identifier)?.open(&identifier)?;
        self.table
            .push(OpenBucket(store))
            .map_err(|_| Error::Other("store table full".to_owned()))
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostBucket for State {
    async fn get(&mut self, bucket: Resource<OpenBucket>, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.bucket(&bucket)?.get(&key).await?)
    }

    async fn set(&mut self, bucket: Resource<OpenBucket>, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(self.bucket(&bucket)?.set(&key, value).await?)
    }

    async fn delete(&mut self, bucket: Resource<OpenBucket>, key: String) -> Result<(), Error> {
        Ok(self.bucket(&bucket)?.delete(&key).await?)
    }

    async fn exists(&mut self, bucket: Resource<OpenBucket>, key: String) -> Result<bool, Error> {
        Ok(self.bucket(&bucket)?.exists(&key).await?)
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<OpenBucket>,
        cursor: Option<String>,
    ) -> Result<KeyResponse, Error> {
        if cursor.is_some() {
            // As on Spin, every list is whole, so no cursor was ever given out.
            return Err(Error::Other("list_keys: cursor not supported".to_owned()));
        }
        let keys = all_keys(self.bucket(&bucket)?.as_ref()).await?;
        Ok(KeyResponse { keys, cursor: None })
    }

    async fn drop(&mut self, bucket: Resource<OpenBucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
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
