//! What runs the WebAssembly: a real Spin where there is one that is recent enough, else the embedded host.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::program;
use crate::{cli, spin};

/// On the PATH.
const SPIN: &str = "spin";

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
            Self::Spin => PathBuf::from(SPIN),
            Self::Host => program("jetway-host"),
        }
    }
}

fn usable_spin() -> Result<()> {
    spin::check(Path::new(SPIN)).context("there is no usable spin on the PATH")
}
