//! A key-value store in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::locked::locked;
use crate::ports::{Found, KeyValue, KeyValueError, KeyValueSweep};

/// A key-value store in memory that can be made to fail.
#[derive(Debug, Default)]
pub struct MemoryKeyValue(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<String, Vec<u8>>,
    reads: usize,
    writes: usize,
    down: bool,
    page: Option<usize>,
}

impl MemoryKeyValue {
    /// Every operation fails from now on (`true`) or works again.
    pub fn set_down(&self, down: bool) {
        self.locked().down = down;
    }

    /// A search finds so many keys at once from now on.
    pub fn set_page(&self, keys: usize) {
        self.locked().page = Some(keys);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.locked().entries.clear();
    }

    /// How many values have been asked for.
    pub fn reads(&self) -> usize {
        self.locked().reads
    }

    /// How many values have been written or removed.
    pub fn writes(&self) -> usize {
        self.locked().writes
    }

    /// The keys there are.
    pub fn keys(&self) -> Vec<String> {
        self.locked().entries.keys().cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        locked(&self.0)
    }

    fn up(&self) -> Result<MutexGuard<'_, Inner>, KeyValueError> {
        let inner = self.locked();
        if inner.down {
            Err(KeyValueError("down".to_owned()))
        } else {
            Ok(inner)
        }
    }
}

impl KeyValue for MemoryKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        let mut inner = self.up()?;
        inner.reads += 1;
        Ok(inner.entries.get(key).cloned())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        let mut inner = self.up()?;
        inner.writes += 1;
        inner.entries.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), KeyValueError> {
        let mut inner = self.up()?;
        inner.writes += 1;
        inner.entries.remove(key);
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        let mut inner = self.up()?;
        inner.writes += 1;
        let value = inner.entries.entry(key.to_owned()).or_insert_with(|| vec![0; 8]);
        let bytes = value
            .as_slice()
            .try_into()
            .map_err(|_| KeyValueError("not a counter".to_owned()))?;
        let sum = i64::from_le_bytes(bytes) + delta;
        *value = sum.to_le_bytes().to_vec();
        Ok(sum)
    }
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KeyValueError> {
        let mut inner = self.up()?;
        inner.reads += keys.len();
        Ok(keys.iter().map(|key| inner.entries.get(key).cloned()).collect())
    }
}

impl KeyValueSweep for MemoryKeyValue {
    async fn find(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Found, KeyValueError> {
        let inner = self.up()?;
        let page = inner.page.unwrap_or(usize::MAX);
        let mut keys = inner.entries.keys().filter(|key| wanted(key)).cloned();
        let found: Vec<_> = keys.by_ref().take(page).collect();
        let is_all = found.len() < page;
        Ok(Found { keys: found, is_all })
    }

    async fn delete_all(&self, keys: &[String]) -> Result<(), KeyValueError> {
        let mut inner = self.up()?;
        for key in keys {
            inner.writes += 1;
            inner.entries.remove(key);
        }
        Ok(())
    }
}
