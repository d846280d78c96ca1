//! The servers that run together: when one ends, or the user wants, all end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jetway_processes::Supervised;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::http;

/// How long a server may take to finish the requests it has.
const GRACE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(200);

/// All servers, in the order in which they were started.
pub(super) struct Crew {
    members: Vec<(&'static str, Supervised)>,
    interrupted: Arc<AtomicBool>,
}

/// The user wants an end, by Ctrl-C for instance. That is no failure.
#[derive(Debug)]
pub(super) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

impl Crew {
    /// An empty crew. From here on Ctrl-C is noted; a second one ends this process at once, and then the servers are
    /// killed with it.
    pub(super) fn assemble() -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // The order matters: the first signal finds the flag unset, and sets it.
            flag::register_conditional_shutdown(signal, 1, Arc::clone(&interrupted))?;
            flag::register(signal, Arc::clone(&interrupted))?;
        }
        Ok(Self {
            members: Vec::new(),
            interrupted,
        })
    }

    /// Takes a server in.
    pub(super) fn add(&mut self, name: &'static str, server: io::Result<Supervised>) -> Result<()> {
        self.members
            .push((name, server.with_context(|| format!("cannot start {name}"))?));
        Ok(())
    }

    /// Waits until a GET is answered with 200, as long as all servers run.
    pub(super) fn wait_until_ok(
        &mut self,
        address: SocketAddr,
        path: &str,
        patience: Duration,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let answer = http::get(address, path);
            if matches!(&answer, Ok(answer) if answer.status == 200) {
                return Ok(());
            }
            self.check()?;
            if Instant::now() >= deadline {
                let last = answer.map_or_else(|error| error.to_string(), |answer| answer.body);
                bail!(
                    "http://{address}{path} still said after {} s: {last}",
                    patience.as_secs()
                );
            }
            thread::sleep(TICK);
        }
    }

    /// Waits for the end: a server's, which is an error, or the user's wish.
    pub(super) fn watch(&mut self) -> Result<()> {
        loop {
            self.check()?;
            thread::sleep(TICK);
        }
    }

    /// Fails if a server has ended or the user wants an end.
    pub(super) fn check(&mut self) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        for (name, server) in &mut self.members {
            if let Some(status) = server.status()? {
                bail!("{name} stopped unexpectedly ({status})");
            }
        }
        Ok(())
    }

    /// Stops all servers, the last one first, because it is the one that uses the others.
    pub(super) fn dismiss(mut self) {
        while let Some((name, mut server)) = self.members.pop() {
            server.ask_to_stop();
            if !matches!(server.wait(GRACE), Ok(Some(_))) {
                eprintln!("{name} did not stop within {} s and is killed.", GRACE.as_secs());
            }
        }
    }
}
