//! Programs that are not Rust's, on systems whose package manager we know.

use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{announce, exists, output, run};

/// Installs packages, but neither starts their services now (a policy refuses that while the packages are set up) nor at the
/// next boot: what is needed here is started from here.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends "$@"
if command -v systemctl >/dev/null; then systemctl disable "$@" >/dev/null 2>&1 || true; fi
"#;

/// Makes sure that these programs are there, each of which has a Debian package of its name. `remedy` is what to do where they cannot be
/// installed from here.
pub(crate) fn ensure(programs: &[&str], remedy: &str) -> Result<()> {
    let missing: Vec<_> = programs
        .iter()
        .copied()
        .filter(|program| !exists(program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{remedy}");
    }
    announce(&format!("Installing {} (apt-get)", missing.join(", ")));
    let mut install = match Root::find() {
        Some(Root::Already) => Command::new("sh"),
        Some(Root::BySudo) => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
        None => bail!("{remedy}; it takes root, or sudo without a password, to install it from here"),
    };
    run(install.args(["-c", INSTALL, "install"]).args(&missing)).with_context(|| remedy.to_owned())?;
    match missing.iter().find(|program| !exists(program)) {
        None => Ok(()),
        Some(program) => bail!("{program} is still missing: {remedy}"),
    }
}

/// How to act as root.
enum Root {
    Already,
    BySudo,
}

impl Root {
    fn find() -> Option<Self> {
        if output(Command::new("id").arg("-u"))?.trim() == "0" {
            return Some(Self::Already);
        }
        let sudo: io::Result<_> = Command::new("sudo").args(["-n", "true"]).output();
        sudo.is_ok_and(|output| output.status.success())
            .then_some(Self::BySudo)
    }
}
