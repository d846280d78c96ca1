//! The Redis that events are published on: the user's, else our own, else none.

use std::env;
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jetway_processes::{Supervised, unused_port};

use super::crew::Crew;
use crate::cargo::exists;

const DEFAULT_PORT: u16 = 6379;
const PATIENCE: Duration = Duration::from_secs(15);

/// Finds or starts a Redis, says which, and returns its URL.
pub(super) fn provide(crew: &mut Crew) -> Result<Option<String>> {
    if let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) {
        if host_and_port(&url).is_some_and(|(host, port)| reachable(&host, port)) {
            eprintln!("Redis: the one that REDIS_URL names.");
            return Ok(Some(url));
        }
        // The URL may hold a password, so it is not repeated.
        eprintln!("Redis: the one that REDIS_URL names cannot be reached; looking further.");
    }
    if exists("redis-server") {
        return start(crew).map(Some);
    }
    eprintln!("Redis: there is none (no REDIS_URL, no redis-server on the PATH); events stay in the outbox.");
    Ok(None)
}

/// Starts a server that keeps nothing on disk: what is in Redis is only ever a message in passing.
fn start(crew: &mut Crew) -> Result<String> {
    let port = unused_port()?;
    crew.add(
        "redis-server",
        Supervised::start("redis-server", |command| {
            command.args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command.current_dir(env::temp_dir()).stdout(Stdio::null());
        }),
    )?;
    let deadline = Instant::now() + PATIENCE;
    while !reachable("127.0.0.1", port) {
        crew.check()?;
        if Instant::now() >= deadline {
            bail!("redis-server does not listen after {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    eprintln!("Redis: our own, on 127.0.0.1:{port}.");
    Ok(format!("redis://127.0.0.1:{port}"))
}

fn reachable(host: &str, port: u16) -> bool {
    let Ok(addresses) = (host, port).to_socket_addrs() else {
        return false;
    };
    addresses
        .into_iter()
        .any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
}

/// The host and port of `redis[s]://[user:password@]host[:port][/database]`.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let rest = url
        .strip_prefix("redis://")
        .or_else(|| url.strip_prefix("rediss://"))?;
    let authority = rest.split(['/', '?']).next()?;
    let host_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host_port)| host_port);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (host_port, DEFAULT_PORT),
    };
    Some((
        host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_and_port() {
        for (url, host, port) in [
            ("redis://cache", "cache", 6379),
            ("redis://127.0.0.1:6380/2", "127.0.0.1", 6380),
            (
                "rediss://user:p@ss:word@cache.example:7000",
                "cache.example",
                7000,
            ),
            ("redis://[::1]:6390", "::1", 6390),
            ("redis://[::1]", "::1", 6379),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
        assert_eq!(host_and_port("http://cache"), None);
    }
}
