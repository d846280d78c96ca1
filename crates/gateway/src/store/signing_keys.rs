//! Signing keys, of access tokens and of assertions, each kind in a table of its own. Only the private halves are here that
//! sign; every public half is published.

use super::{Columns, Store, StoreError};
use crate::assertion::AssertionKey;
use crate::domain::rfc3339;
use crate::ports::{Database, Timestamp, Value};
use crate::tokens::SigningKey;

/// Stores `key`, unless there is one already. Of two instances that start at once, one's key is stored.
pub async fn insert_first<D: Database>(
    store: &Store<D>,
    key: &SigningKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO signing_keys (kid, private_key, created_at)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM signing_keys)";
    let parameters = [
        Value::Text(key.kid().to_owned()),
        Value::Blob(key.reveal_seed().to_vec()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// All keys, the newest first: that one signs, all verify.
pub async fn list<D: Database>(store: &Store<D>) -> Result<Vec<SigningKey>, StoreError> {
    let statement = "SELECT private_key FROM signing_keys ORDER BY created_at DESC, kid";
    store
        .run(statement, &[])
        .await?
        .iter_mut()
        .map(signing_key)
        .collect()
}

/// Stores `key`, unless there is one for assertions already.
pub async fn insert_first_for_assertions<D: Database>(
    store: &Store<D>,
    key: &AssertionKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO assertion_keys (kid, private_key, created_at)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM assertion_keys)";
    let parameters = [
        Value::Text(key.kid().to_owned()),
        Value::Blob(key.reveal_seed().to_vec()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// All keys of assertions, the newest first: that one signs, all verify.
pub async fn list_for_assertions<D: Database>(store: &Store<D>) -> Result<Vec<AssertionKey>, StoreError> {
    let statement = "SELECT private_key FROM assertion_keys ORDER BY created_at DESC, kid";
    let mut rows = store.run(statement, &[]).await?;
    rows.iter_mut()
        .map(|row| AssertionKey::parse(&row.blob()?).map_err(StoreError::damaged))
        .collect()
}

fn signing_key(row: &mut Columns) -> Result<SigningKey, StoreError> {
    SigningKey::parse(&row.blob()?).map_err(StoreError::damaged)
}
