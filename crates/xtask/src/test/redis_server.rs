//! The end-to-end tests start a real redis-server: here it comes from, where there is none.

use std::env;

use anyhow::Result;

use crate::install;

const REMEDY: &str = "the end-to-end tests need redis-server: install it (Debian, Ubuntu: `apt-get install redis-server`; \
    macOS: `brew install redis`), or name one in JETWAY_REDIS_SERVER";

/// Makes sure that there is a redis-server.
pub(super) fn ensure() -> Result<()> {
    if env::var_os("JETWAY_REDIS_SERVER").is_some() {
        return Ok(());
    }
    install::ensure(&["redis-server"], REMEDY)
}
