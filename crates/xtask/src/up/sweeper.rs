//! What a scheduler does where the gateway is deployed: has it deliver, every few seconds, what no wake-up from Redis took.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result};

use super::{http, secret};

const EVERY: Duration = Duration::from_secs(3);
const FILE: &str = "dev-internal-token";

/// The secret that the gateway is given for its routes under /internal.
pub(super) struct InternalToken(String);

impl InternalToken {
    /// The one that the user has set, else a random one. It is kept where the user finds it, to look into the inbox.
    pub(super) fn provide(state: &Path) -> Result<Self> {
        let given = env::var("SPIN_VARIABLE_INTERNAL_TOKEN")
            .ok()
            .filter(|token| !token.is_empty());
        let token = given.map_or_else(secret::random_hex, Ok)?;
        let file = state.join(FILE);
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("cannot replace {}", file.display()));
        }
        secret::write(&file, &token).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self(token))
    }

    /// The token.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Has the gateway sweep, now and then, for as long as this process lives.
    pub(super) fn keep_sweeping(self, gateway: SocketAddr) {
        thread::spawn(move || {
            let mut failed = false;
            loop {
                let swept = http::post_as(&self.0, gateway, "/internal/notifications/sweep");
                let fails = !matches!(&swept, Ok(answer) if answer.status == 200);
                // Once is enough; that the gateway has gone is said by those who watch it.
                if let (true, false, Ok(answer)) = (fails, failed, &swept) {
                    eprintln!(
                        "The sweep of notifications failed: {} {}",
                        answer.status, answer.body
                    );
                }
                failed = fails;
                thread::sleep(EVERY);
            }
        });
    }
}
