//! Who is measured, and how each is started.

use std::fs;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jetway_processes::{Supervised, unused_port};

use crate::cli::Options;
use crate::service::Services;
use crate::usage::{self, Memory};
use crate::workload::{PUBLIC, Workload};
use crate::workplace::{Workplace, asset, root};
use crate::{client, store, token};

/// A runtime with an empty cache compiles every component before it serves.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a server may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// A limit too high to be met. All have the same.
pub(crate) const UNMET_LIMIT: u32 = 1_000_000;

/// A gateway, on what runs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contestant {
    pub(crate) gateway: Gateway,
    /// What runs the WebAssembly, where there is any.
    pub(crate) runtime: Option<Runtime>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gateway {
    /// What most teams would write.
    Express,
    /// The native bound.
    Nginx,
    /// The bound for one component: it forwards, and does nothing else.
    Forwarder,
    /// The forwarder behind two layers of middleware that do nothing.
    Layers,
    /// What is measured.
    Jetway,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Runtime {
    /// The embedded host.
    Host,
    /// A `spin`.
    Spin(PathBuf),
}

/// One that has been started and serves.
pub(crate) struct Running {
    process: Supervised,
    pub(crate) address: SocketAddr,
    /// What stands before every path.
    pub(crate) prefix: &'static str,
    /// From the start of the process to its first answer.
    pub(crate) first_answer: Duration,
}

/// How a contestant is started, where that is not always the same.
pub(crate) struct Start {
    /// Keeps state and logs of one start apart from another's.
    pub(crate) name: String,
    /// Requests of one client in a minute.
    pub(crate) limit: u32,
}

/// The contestants, as the options want them.
pub(crate) fn chosen(options: &Options) -> Vec<Contestant> {
    let mut all: Vec<_> = [Gateway::Express, Gateway::Nginx]
        .map(|gateway| Contestant {
            gateway,
            runtime: None,
        })
        .into();
    let spin = options.spin.clone().map(Runtime::Spin);
    for runtime in [Runtime::Host].into_iter().chain(spin) {
        all.extend(
            [Gateway::Forwarder, Gateway::Layers, Gateway::Jetway].map(|gateway| Contestant {
                gateway,
                runtime: Some(runtime.clone()),
            }),
        );
    }
    all.retain(|contestant| options.wants_contestant(&contestant.id()));
    all
}

impl Contestant {
    /// How it is called on the command line and in the raw figures.
    pub(crate) fn id(&self) -> String {
        let gateway = match self.gateway {
            Gateway::Express => "express",
            Gateway::Nginx => "nginx",
            Gateway::Forwarder => "forwarder",
            Gateway::Layers => "layers",
            Gateway::Jetway => "jetway",
        };
        match self.runtime {
            None => gateway.to_owned(),
            Some(Runtime::Host) => format!("{gateway}-host"),
            Some(Runtime::Spin(_)) => format!("{gateway}-spin"),
        }
    }

    /// How it is called in the report.
    pub(crate) fn title(&self) -> String {
        let gateway = match self.gateway {
            Gateway::Express => "Express",
            Gateway::Nginx => "nginx",
            Gateway::Forwarder => "Forwarder",
            Gateway::Layers => "Forwarder, 2 empty layers",
            Gateway::Jetway => "Jetway",
        };
        match self.runtime {
            None => gateway.to_owned(),
            Some(Runtime::Host) => format!("{gateway} (host)"),
            Some(Runtime::Spin(_)) => format!("{gateway} (spin)"),
        }
    }

    /// Whether it has what a workload asks for.
    pub(crate) fn can(&self, workload: Workload) -> bool {
        let has_accounts = matches!(self.gateway, Gateway::Express | Gateway::Jetway);
        match workload {
            Workload::Flood | Workload::AuthCheck | Workload::SignIn => has_accounts,
            _ => true,
        }
    }

    /// The start that measurements use.
    pub(crate) fn usual_start(&self) -> Start {
        Start {
            name: self.id(),
            limit: UNMET_LIMIT,
        }
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn start(
        &self,
        start: &Start,
        services: &Services,
        workplace: &Workplace,
    ) -> Result<Running> {
        let port = unused_port().context("there is no free port")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let log = workplace.log(&start.name);
        let output = File::options().create(true).append(true).open(&log)?;
        if self.gateway == Gateway::Nginx {
            configure_nginx(port, services, workplace)?;
        }
        if self.gateway == Gateway::Jetway {
            store::write_ahead(&workplace.store(&start.name))?;
        }
        let since = Instant::now();
        let process = Supervised::start(self.program()?, |command| {
            // Nothing of the user's own settings for Spin reaches the contestants.
            for (name, _) in
                std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SPIN_"))
            {
                command.env_remove(name);
            }
            self.configure(command, port, start, services, workplace);
            if let Ok(errors) = output.try_clone() {
                command.stdout(output).stderr(errors);
            }
        })
        .with_context(|| format!("cannot start {}", self.id()))?;
        let prefix = if self.gateway == Gateway::Layers {
            "/layered"
        } else {
            ""
        };
        let first_answer = client::first_answer(address, &format!("{prefix}{PUBLIC}"), since, PATIENCE)
            .await
            .with_context(|| format!("{} did not start: see {}", self.id(), log.display()))?;
        Ok(Running {
            process,
            address,
            prefix,
            first_answer,
        })
    }

    fn program(&self) -> Result<PathBuf> {
        Ok(match (self.gateway, &self.runtime) {
            (Gateway::Express, _) => "node".into(),
            (Gateway::Nginx, _) => "nginx".into(),
            (_, Some(Runtime::Host)) => root().join("target/release/jetway-host"),
            (_, Some(Runtime::Spin(spin))) => spin.clone(),
            (_, None) => bail!("{} needs a runtime", self.id()),
        })
    }

    fn configure(
        &self,
        command: &mut Command,
        port: u16,
        start: &Start,
        services: &Services,
        workplace: &Workplace,
    ) {
        let upstream = format!("http://{}", services.upstream);
        match self.gateway {
            Gateway::Express => {
                command
                    .arg(asset("express/server.js"))
                    .env("NODE_ENV", "production")
                    .env("PORT", port.to_string())
                    .env("JWT_SECRET", token::SECRET)
                    .env("ACCESS_TOKEN_TTL", "6h")
                    .env("RATE_LIMIT", start.limit.to_string())
                    .env("FLIGHT_SERVICE_URL", &upstream)
                    .env("BOOKING_SERVICE_URL", &upstream);
            }
            Gateway::Nginx => {
                let folder = workplace.nginx();
                command
                    .arg("-e")
                    .arg("stderr")
                    .arg("-p")
                    .arg(&folder)
                    .arg("-c")
                    .arg(folder.join("nginx.conf"));
            }
            Gateway::Forwarder | Gateway::Layers => {
                self.configure_spin(command, asset("guests/spin.toml"), port, start, workplace);
                command.env("SPIN_VARIABLE_SERVICE_URL", &upstream);
            }
            Gateway::Jetway => {
                self.configure_spin(command, root().join("spin.toml"), port, start, workplace);
                for id in &workplace.components {
                    command.args(["-c", id]);
                }
                let limit = format!("{};w=60", start.limit);
                for (name, value) in [
                    ("FLIGHT_SERVICE_URL", &*upstream),
                    ("BOOKING_SERVICE_URL", &*upstream),
                    ("ACCESS_TOKEN_TTL", "6h"),
                    ("BCRYPT_COST", "10"),
                    ("RATE_LIMIT_DEFAULT", &*limit),
                    ("RATE_LIMIT_SIGNUP", &*limit),
                    ("RATE_LIMIT_SIGNIN", &*format!("{limit}, {limit};by=email")),
                    // As docs/assertion.md offers it: else each new instance of the proxy asks `signin`, and so the database.
                    ("ASSERTION_SECRET", token::SECRET),
                    // All clients sign in to one account at once, which is what guessing looks like; Express has nothing against it.
                    ("SIGNIN_SLOWDOWN", ""),
                ] {
                    command.env(format!("SPIN_VARIABLE_{name}"), value);
                }
            }
        }
    }

    fn configure_spin(
        &self,
        command: &mut Command,
        manifest: PathBuf,
        port: u16,
        start: &Start,
        workplace: &Workplace,
    ) {
        command
            .arg("up")
            .arg("--from")
            .arg(manifest)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--state-dir")
            .arg(workplace.state(&start.name))
            .args([
                "--max-instance-reuse-count",
                &workplace.max_instance_reuse_count.to_string(),
            ])
            .env("XDG_CACHE_HOME", workplace.cache(&self.id()));
    }
}

impl Running {
    pub(crate) fn memory(&self) -> Memory {
        usage::memory_of(self.process.group())
    }

    pub(crate) fn processor_time(&self) -> Duration {
        usage::processor_time_of(self.process.group())
    }

    /// Ends it as an operator does, so that its state is whole.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.process.ask_to_stop();
        self.process.wait(GRACE)?;
        Ok(())
    }
}

/// Fills in the configuration that lies beside this crate.
fn configure_nginx(port: u16, services: &Services, workplace: &Workplace) -> Result<()> {
    let template = asset("nginx/nginx.conf");
    let template =
        fs::read_to_string(&template).with_context(|| format!("cannot read {}", template.display()))?;
    let configuration = template
        .replace("PORT", &port.to_string())
        .replace("SERVICE", &services.upstream.to_string())
        .replace("AUTH;", &format!("{};", services.auth));
    fs::write(workplace.nginx().join("nginx.conf"), configuration).context("cannot configure nginx")
}
