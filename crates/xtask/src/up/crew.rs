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

/// The pause before a server that may end is started again; it doubles as long as it does not stay.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long it must have stayed for the next pause to be the first one again.
const STAYED: Duration = Duration::from_secs(30);

/// All servers, in the order in which they were started.
pub(super) struct Crew {
    members: Vec<(&'static str, Supervised)>,
    kept: Vec<Kept>,
    interrupted: Arc<AtomicBool>,
}

/// A server that may end, and then is started again.
struct Kept {
    name: &'static str,
    start: Box<dyn Fn() -> io::Result<Supervised>>,
    server: Supervised,
    started: Instant,
    pause: Duration,
    /// When it is started again, while it is not there.
    again_at: Option<Instant>,
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
            kept: Vec::new(),
            interrupted,
        })
    }

    /// Takes a server in.
    pub(super) fn add(&mut self, name: &'static str, server: io::Result<Supervised>) -> Result<()> {
        self.members
            .push((name, server.with_context(|| format!("cannot start {name}"))?));
        Ok(())
    }

    /// Takes a server in that may end: it is started again, with growing pauses. It is one that the others can do without.
    pub(super) fn keep(
        &mut self,
        name: &'static str,
        start: impl Fn() -> io::Result<Supervised> + 'static,
    ) -> Result<()> {
        let server = start().with_context(|| format!("cannot start {name}"))?;
        self.kept.push(Kept {
            name,
            start: Box::new(start),
            server,
            started: Instant::now(),
            pause: FIRST_PAUSE,
            again_at: None,
        });
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
        self.kept.iter_mut().try_for_each(Kept::look_after)
    }

    /// Stops all servers, the last one first, because it is the one that uses the others.
    pub(super) fn dismiss(mut self) {
        let mut servers: Vec<_> = self.kept.drain(..).map(|kept| (kept.name, kept.server)).collect();
        servers.append(&mut self.members);
        while let Some((name, mut server)) = servers.pop() {
            server.ask_to_stop();
            if !matches!(server.wait(GRACE), Ok(Some(_))) {
                eprintln!("{name} did not stop within {} s and is killed.", GRACE.as_secs());
            }
        }
    }
}

impl Kept {
    /// Starts it again, if it has ended and its time has come.
    fn look_after(&mut self) -> Result<()> {
        let now = Instant::now();
        match self.again_at {
            Some(again_at) if now >= again_at => {
                let name = self.name;
                self.server = (self.start)().with_context(|| format!("cannot start {name}"))?;
                (self.started, self.again_at) = (now, None);
            }
            None if self.server.status()?.is_some() => {
                if now.duration_since(self.started) >= STAYED {
                    self.pause = FIRST_PAUSE;
                }
                eprintln!(
                    "{} has ended and is started again in {:.1} s; everything else goes on.",
                    self.name,
                    self.pause.as_secs_f32()
                );
                self.again_at = Some(now + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
            _ => {}
        }
        Ok(())
    }
}
