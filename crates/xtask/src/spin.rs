//! A real Spin, where there is one that is recent enough.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::output;

/// The first Spin that composes HTTP middleware and speaks WASI 0.3.
const OLDEST: (u32, u32) = (4, 1);

/// How many requests an instance of the gateway serves before another takes its place. Spin's own number, 128, is soon used up
/// under load, and the first requests of each instance wait for what it has to learn (ARCHITECTURE.md, "The slowest of a
/// hundred").
pub(crate) const INSTANCE_REUSE: usize = 1024;

/// Fails, and says why, if `program` is not a Spin that runs Jetway. A bare name is looked up on the PATH.
pub(crate) fn check(program: &Path) -> Result<()> {
    let name = program.display();
    let answer =
        output(Command::new(program).arg("--version")).with_context(|| format!("there is no {name}"))?;
    // Other programs are called spin too, a model checker for one.
    let version =
        version(&answer).with_context(|| format!("{name} is not the one from spinframework.dev"))?;
    let (major, minor) = OLDEST;
    if version < OLDEST {
        bail!("{name} is too old: it takes {major}.{minor} or later");
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

    #[test]
    fn another_program_is_not_spin() {
        let error = check(Path::new("cargo")).unwrap_err().to_string();
        assert!(
            error.contains("cargo is not the one from spinframework.dev"),
            "{error}"
        );
        assert!(check(Path::new("/nowhere/spin")).is_err());
    }
}
