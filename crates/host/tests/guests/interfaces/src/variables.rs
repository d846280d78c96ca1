//! `spin:variables`

use anyhow::{Result, ensure};
use spin_sdk::variables::{Error, get};

pub(crate) async fn check() -> Result<()> {
    let greeting = get("greeting").await?;
    ensure!(greeting == "hello, world", "{greeting}");
    ensure!(
        matches!(get("missing").await, Err(Error::Undefined(_))),
        "a variable that is not declared"
    );
    ensure!(
        matches!(get("Not-A-Name").await, Err(Error::InvalidName(_))),
        "what is no name"
    );
    Ok(())
}
