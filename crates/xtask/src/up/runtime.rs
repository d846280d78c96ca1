//! What runs the WebAssembly: a real Spin where there is one that is recent enough, else the embedded host.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::output;
use crate::cli;
use crate::workspace::program;

/// The first Spin that composes HTTP middleware and speaks WASI 0.3.
const OLDEST_SPIN: (u32, u32) = (4, 1);

/// A program with the command `up` of Spin.
pub(super) enum Runtime {
    Spin,
    Host,
}

impl Runtime {
    /// Does as the user asked, or takes the best there is.
    pub(super) fn choose(wanted: cli::Runtime) -> Result<Self> {
        match wanted {
            cli::Runtime::Host => Ok(Self::Host),
            cli::Runtime::Auto => Ok(if usable_spin().is_ok() {
                Self::Spin
            } else {
                Self::Host
            }),
            cli::Runtime::Spin => usable_spin().map(|()| Self::Spin),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Spin => "the installed spin",
            Self::Host => "the embedded host",
        }
    }

    pub(super) fn program(&self) -> PathBuf {
        match self {
            Self::Spin => PathBuf::from("spin"),
            Self::Host => program("jetway-host"),
        }
    }
}

fn usable_spin() -> Result<()> {
    let answer = output(Command::new("spin").arg("--version")).context("there is no spin on the PATH")?;
    // Other programs are called spin too, a model checker for one.
    let version = version(&answer).context("the spin on the PATH is not the one from spinframework.dev")?;
    let (major, minor) = OLDEST_SPIN;
    if version < OLDEST_SPIN {
        bail!("the spin on the PATH is too old: it takes {major}.{minor} or later");
    }
    Ok(())
}

/// Major and minor from `spin 4.1.0-pre0 (94a8fc8a 2026-01-01)`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.strip_prefix("spin ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spin_says_its_version() {
        assert_eq!(version("spin 4.1.0-pre0 (94a8fc8a 2026-01-01)\n"), Some((4, 1)));
        assert_eq!(version("spin 10.0.2 (abc)"), Some((10, 0)));
        assert_eq!(version("Spin Version 6.5.2 -- 6 December 2019"), None);
    }
}
