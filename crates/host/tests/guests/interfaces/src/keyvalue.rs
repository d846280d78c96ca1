//! `wasi:keyvalue`

use anyhow::{Result, bail, ensure};
use spin_sdk::experimental::wasi::keyvalue::{
    atomics::{self, Cas, CasError},
    batch,
    store::{self, Error},
};

pub(crate) fn check() -> Result<()> {
    ensure!(
        matches!(store::open("forbidden"), Err(Error::AccessDenied)),
        "a store that is not granted"
    );
    let bucket = store::open("default")?;
    ensure!(atomics::increment(&bucket, "count", 40)? == 40, "a new counter");
    ensure!(atomics::increment(&bucket, "count", 2)? == 42, "a counter");
    ensure!(
        bucket.get("count")? == Some(42i64.to_le_bytes().to_vec()),
        "a counter's bytes"
    );
    bucket.set("text", b"not a number")?;
    ensure!(
        matches!(atomics::increment(&bucket, "text", 1), Err(Error::Other(text)) if text.contains("not a counter")),
        "a value that is no counter"
    );
    ensure!(bucket.exists("text")?, "a key that is there");
    bucket.delete("text")?;
    ensure!(!bucket.exists("text")?, "a key that was deleted");

    let name = |name: &str| name.to_owned();
    batch::set_many(&bucket, &[(name("a"), b"1".to_vec()), (name("b"), b"2".to_vec())])?;
    let many = batch::get_many(&bucket, &[name("a"), name("none"), name("b")])?;
    ensure!(
        many == [(name("a"), Some(b"1".to_vec())), (name("b"), Some(b"2".to_vec()))],
        "{many:?}"
    );
    batch::delete_many(&bucket, &[name("a"), name("none")])?;
    ensure!(batch::get_many(&bucket, &[])?.is_empty(), "a batch of nothing");
    let listed = bucket.list_keys(None)?;
    ensure!(
        listed.keys == ["b", "count"] && listed.cursor.is_none(),
        "{:?}",
        listed.keys
    );

    swap(&bucket)
}

fn swap(bucket: &store::Bucket) -> Result<()> {
    let cas = Cas::new(bucket, "cas")?;
    ensure!(cas.current()?.is_none(), "a key that is not there");
    bucket.set("cas", b"another was first")?;
    let Err(CasError::CasFailed(again)) = atomics::swap(cas, b"mine") else {
        bail!("a swap over what another wrote");
    };
    atomics::swap(again, b"mine").map_err(|error| anyhow::anyhow!("the second try: {error:?}"))?;
    ensure!(bucket.get("cas")? == Some(b"mine".to_vec()), "a swapped value");
    Ok(())
}
