//! `wasi:keyvalue/batch`. A batch of nothing is answered without asking the store, which may not know what to do with it.

use wasmtime::component::Resource;

use super::{OpenBucket, State};
use crate::interfaces::bindings::wasi::keyvalue::{batch::Host, store::Error};

impl Host for State {
    async fn get_many(
        &mut self,
        bucket: Resource<OpenBucket>,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.bucket(&bucket)?.get_many(keys).await?;
        Ok(entries
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect())
    }

    async fn set_many(
        &mut self,
        bucket: Resource<OpenBucket>,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        Ok(self.bucket(&bucket)?.set_many(entries).await?)
    }

    async fn delete_many(&mut self, bucket: Resource<OpenBucket>, keys: Vec<String>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        Ok(self.bucket(&bucket)?.delete_many(keys).await?)
    }
}
