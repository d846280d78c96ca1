//! The end-to-end tests start a real redis-server: here it comes from, where there is none.

use std::path::Path;
use std::process::Command;
use std::{env, io};

use anyhow::{Context, Result, bail};

use crate::cargo::{announce, exists, output, run};

const REMEDY: &str = "the end-to-end tests need redis-server: install it (Debian, Ubuntu: `apt-get install redis-server`; \
    macOS: `brew install redis`), or name one in JETWAY_REDIS_SERVER";

/// Installs the package, but neither starts its service now (a policy refuses that while the package is set up) nor
/// at the next boot: the tests start their own servers.
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
apt-get install -y --no-install-recommends redis-server
if command -v systemctl >/dev/null; then systemctl disable redis-server >/dev/null 2>&1 || true; fi
"#;

/// Makes sure that there is a redis-server.
pub(super) fn ensure() -> Result<()> {
    if env::var_os("JETWAY_REDIS_SERVER").is_some() || exists("redis-server") {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(REMEDY);
    }
    announce("Installing redis-server (apt-get)");
    let mut install = match Root::find() {
        Some(Root::Already) => Command::new("sh"),
        Some(Root::BySudo) => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
        None => bail!("{REMEDY}; it takes root, or sudo without a password, to install it from here"),
    };
    run(install.args(["-c", INSTALL])).context(REMEDY)?;
    if exists("redis-server") {
        Ok(())
    } else {
        bail!(REMEDY)
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
