//! `spin:key-value`

use anyhow::{Result, ensure};
use spin_sdk::key_value::{Error, Store};

pub(crate) async fn check() -> Result<()> {
    ensure!(
        matches!(Store::open("forbidden").await, Err(Error::AccessDenied)),
        "a store that is not granted"
    );
    let store = Store::open_default().await?;
    ensure!(store.get("key").await?.is_none(), "a key that is not there");
    store.set("key", [0, 255]).await?;
    ensure!(store.get("key").await? == Some(vec![0, 255]), "a value");
    ensure!(store.exists("key").await?, "a key that is there");
    store.delete("key").await?;
    ensure!(!store.exists("key").await?, "a key that was deleted");

    let mut expected: Vec<_> = (0..1500).map(|number| format!("key-{number}")).collect();
    for key in &expected {
        store.set(key, b"x").await?;
    }
    expected.sort();
    let mut keys = store.get_keys().await.collect().await?;
    keys.sort();
    ensure!(keys == expected, "{} keys instead of 1500", keys.len());

    // The reader goes away in the middle of the stream; the store stays usable.
    let mut some = store.get_keys().await;
    ensure!(some.next().await.is_some(), "a first key");
    drop(some);
    ensure!(
        store.exists("key-0").await?,
        "a store after a stream that was left"
    );
    Ok(())
}
