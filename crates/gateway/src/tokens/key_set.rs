//! The published key set, in the key-value store.

use super::JwkSet;
use crate::ports::{KeyValue, KeyValueError};

/// Where the key set is kept: the JSON of a [`JwkSet`], whole, because the store cannot list keys and the set is small.
pub const KEY_SET_KEY: &str = "jwks/set";

/// The published key set, or `None` where there is none yet (or the store has lost it).
pub async fn published_key_set(store: &impl KeyValue) -> Result<Option<JwkSet>, KeyValueError> {
    let Some(bytes) = store.get(KEY_SET_KEY).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| KeyValueError(format!("{KEY_SET_KEY} is damaged: {e}")))
}

/// Publishes `set` in place of what was there.
pub(crate) async fn publish_key_set(store: &impl KeyValue, set: &JwkSet) -> Result<(), KeyValueError> {
    let bytes = serde_json::to_vec(set).map_err(|e| KeyValueError(e.to_string()))?;
    store.set(KEY_SET_KEY, &bytes).await
}
