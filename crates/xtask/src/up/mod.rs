//! `cargo xtask up`: everything that a person needs to try the gateway, started in order and stopped together.

mod admin;
mod banner;
mod crew;
mod http;
mod ports;
mod redis;
mod runtime;
mod secret;
mod sweeper;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jetway_processes::Supervised;

use crate::build;
use crate::cli::UpOptions;
use crate::components;
use crate::spin::INSTANCE_REUSE;
use crate::workspace::{program, root, state};
use admin::Admin;
use crew::{Crew, Interrupted};
use redis::Redis;
use runtime::Runtime;
use sweeper::InternalToken;

/// The first start compiles all components to machine code, on one core that may be slow.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where everything listens.
struct Addresses {
    gateway: SocketAddr,
    flights: SocketAddr,
    bookings: SocketAddr,
}

/// Builds, starts and shows everything, and keeps it running until Ctrl-C.
pub(crate) fn run(options: &UpOptions) -> Result<()> {
    // What can be refused at once is refused before the build.
    let addresses = Addresses::choose(options)?;
    let runtime = Runtime::choose(options.runtime)?;
    if options.skip_build {
        require_built([program("jetway-demo"), runtime.program()])?;
    } else {
        build::run_all()?;
    }
    let mut crew = Crew::assemble()?;
    let served = serve(&addresses, &runtime, &mut crew);
    eprintln!("\nStopping.");
    crew.dismiss();
    match served {
        Err(error) if error.is::<Interrupted>() => Ok(()),
        other => other,
    }
}

impl Addresses {
    fn choose(options: &UpOptions) -> Result<Self> {
        let local =
            |port, flag| Ok::<_, anyhow::Error>((Ipv4Addr::LOCALHOST, ports::choose(port, flag)?).into());
        Ok(Self {
            gateway: local(options.port, "--port")?,
            flights: local(options.flights_port, "--flights-port")?,
            bookings: local(options.bookings_port, "--bookings-port")?,
        })
    }
}

fn serve(addresses: &Addresses, runtime: &Runtime, crew: &mut Crew) -> Result<()> {
    let redis = redis::provide(crew)?;
    start_demo(addresses, redis.as_ref(), crew)?;
    let admin = Admin::remembered_or_new(&state())?;
    let token = InternalToken::provide(&state())?;
    start_gateway(addresses, runtime, redis.as_ref(), (&admin, &token), crew)?;
    if let Some(redis) = &redis {
        start_notification(addresses, runtime, redis, crew)?;
    }
    let admin_note = admin.bootstrap(addresses.gateway)?;
    token.keep_sweeping(addresses.gateway);
    banner::show(addresses.gateway, &admin_note);
    crew.watch()
}

fn start_demo(addresses: &Addresses, redis: Option<&Redis>, crew: &mut Crew) -> Result<()> {
    let published_on = redis.and_then(Redis::url_for_the_demo);
    if redis.is_some() && published_on.is_none() {
        eprintln!("The demo services do not speak TLS to Redis: nobody is told of bookings.");
    }
    crew.add(
        "the demo services",
        Supervised::start(program("jetway-demo"), |command| {
            command.args(["--flights", &addresses.flights.to_string()]);
            command.args(["--bookings", &addresses.bookings.to_string()]);
            command.args(assertions_of(addresses.gateway));
            if let Some(url) = published_on {
                // Not on the command line: it may hold a password.
                command.env("JETWAY_DEMO_REDIS", url);
            }
        }),
    )?;
    for address in [addresses.flights, addresses.bookings] {
        crew.wait_until_ok(address, "/healthz", PATIENCE)
            .context("the demo services did not start")?;
    }
    Ok(())
}

/// How the demo services verify what the gateway says of a caller: with its keys, which they fetch when they first need them,
/// because it starts after them. Whoever has set the gateway's variables otherwise has set them for both.
fn assertions_of(gateway: SocketAddr) -> Vec<String> {
    let variable = |name| std::env::var(format!("SPIN_VARIABLE_{name}")).ok();
    if variable("CALLER_ASSERTION").as_deref() == Some("off") {
        return Vec::new();
    }
    let mut arguments = vec!["--gateway".to_owned(), format!("http://{gateway}")];
    if let Some(issuer) = variable("ISSUER") {
        arguments.extend(["--issuer".to_owned(), issuer]);
    }
    arguments
}

fn start_gateway(
    addresses: &Addresses,
    runtime: &Runtime,
    redis: Option<&Redis>,
    (admin, token): (&Admin, &InternalToken),
    crew: &mut Crew,
) -> Result<()> {
    eprintln!(
        "Starting the gateway on {} (the first start compiles the components for this machine).",
        runtime.name()
    );
    let components = components::of_the_gateway()?;
    crew.add(
        "the gateway",
        Supervised::start(runtime.program(), |command| {
            command.current_dir(root()).args(["up", "--from", "spin.toml"]);
            command.args(["--listen", &addresses.gateway.to_string()]);
            command.args(components::flags(&components));
            command.args(["--max-instance-reuse-count", &INSTANCE_REUSE.to_string()]);
            // In the environment and not on the command line, which every user of the machine can read.
            command.env(
                "SPIN_VARIABLE_FLIGHT_SERVICE_URL",
                format!("http://{}", addresses.flights),
            );
            command.env(
                "SPIN_VARIABLE_BOOKING_SERVICE_URL",
                format!("http://{}", addresses.bookings),
            );
            command.env("SPIN_VARIABLE_BOOTSTRAP_TOKEN", admin.bootstrap_token());
            command.env("SPIN_VARIABLE_INTERNAL_TOKEN", token.reveal());
            command.envs(public_url(addresses.gateway));
            if let Some(redis) = redis {
                command.envs(redis.variables());
            }
        }),
    )?;
    crew.wait_until_ok(addresses.gateway, "/readyz", PATIENCE)
        .context("the gateway did not become ready")
}

/// The variable by which links in mails lead here, unless the user has said where they lead.
fn public_url(gateway: SocketAddr) -> Option<(&'static str, String)> {
    const PUBLIC_URL: &str = "SPIN_VARIABLE_PUBLIC_URL";
    std::env::var_os(PUBLIC_URL)
        .is_none()
        .then(|| (PUBLIC_URL, format!("http://{gateway}")))
}

/// Starts what Redis wakes, apart from the gateway: on Spin it ends whenever the connection to Redis does.
fn start_notification(
    addresses: &Addresses,
    runtime: &Runtime,
    redis: &Redis,
    crew: &mut Crew,
) -> Result<()> {
    let (program, redis) = (runtime.program(), redis.variable_of_the_trigger());
    let listens = matches!(runtime, Runtime::Host);
    let public_url = public_url(addresses.gateway);
    crew.keep("the delivery of notifications", move || {
        Supervised::start(&program, |command| {
            command.current_dir(root()).args(["up", "--from", "spin.toml"]);
            command.args(["-c", components::WOKEN]);
            // It answers no requests; the embedded host listens all the same, and says where. Spin refuses to be told where.
            if listens {
                command.args(["--listen", "127.0.0.1:0"]);
            }
            command.stdout(Stdio::null());
            command.env(redis.0, &redis.1);
            command.envs(public_url.clone());
        })
    })
}

/// Fails if a program of ours is missing. A bare name is somebody else's, and looked up on the PATH.
fn require_built(programs: [PathBuf; 2]) -> Result<()> {
    for program in programs.iter().filter(|program| program.is_absolute()) {
        if !program.is_file() {
            bail!("{} is not built: leave out --skip-build", program.display());
        }
    }
    Ok(())
}
