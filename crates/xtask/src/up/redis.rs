//! The Redis that events are published on: the user's, else our own, else none.

use std::borrow::Cow;
use std::env;
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jetway_processes::{Supervised, unused_port};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::crew::Crew;
use crate::cargo::exists;

const URL: &str = "SPIN_VARIABLE_REDIS_URL";
const DEFAULT_PORT: u16 = 6379;
const PATIENCE: Duration = Duration::from_secs(15);

/// A Redis server, in the pieces that the gateway's variables want: the address apart from the user and the password.
pub(super) struct Redis {
    scheme: String,
    host: String,
    port: u16,
    username: String,
    password: String,
}

impl Redis {
    /// The variables that name this server to the gateway, as Spin reads them from the environment.
    pub(super) fn variables(&self) -> [(&'static str, String); 3] {
        [
            (URL, self.url("")),
            ("SPIN_VARIABLE_REDIS_USERNAME", self.username.clone()),
            ("SPIN_VARIABLE_REDIS_PASSWORD", self.password.clone()),
        ]
    }

    /// The variable that names it to a Redis trigger, which has one for all.
    pub(super) fn variable_of_the_trigger(&self) -> (&'static str, String) {
        if self.username.is_empty() && self.password.is_empty() {
            return (URL, self.url(""));
        }
        let [username, password] =
            [&self.username, &self.password].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        (URL, self.url(&format!("{username}:{password}@")))
    }

    /// The URL for the demo services, with user and password. Their client speaks no TLS: `None` then.
    pub(super) fn url_for_the_demo(&self) -> Option<String> {
        (self.scheme == "redis").then(|| self.variable_of_the_trigger().1)
    }

    fn url(&self, userinfo: &str) -> String {
        let (scheme, port) = (&self.scheme, self.port);
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        format!("{scheme}://{userinfo}{host}:{port}")
    }
}

/// Finds or starts a Redis, and says which.
pub(super) fn provide(crew: &mut Crew) -> Result<Option<Redis>> {
    if let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) {
        if let Some(redis) = parse(&url)
            && reachable(&redis.host, redis.port)
        {
            eprintln!("Redis: the one that REDIS_URL names.");
            return Ok(Some(redis));
        }
        // The URL may hold a password, so it is not repeated.
        eprintln!("Redis: the one that REDIS_URL names cannot be reached; looking further.");
    }
    if exists("redis-server") {
        return start(crew).map(Some);
    }
    eprintln!(
        "Redis: there is none (no REDIS_URL, no redis-server on the PATH); events stay in the outbox, and mail waits for the sweep."
    );
    Ok(None)
}

/// Starts a server that keeps nothing on disk: what is in Redis is only ever a message in passing.
fn start(crew: &mut Crew) -> Result<Redis> {
    let port = unused_port()?;
    crew.keep("redis-server", move || {
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
        })
    })?;
    let deadline = Instant::now() + PATIENCE;
    while !reachable("127.0.0.1", port) {
        crew.check()?;
        if Instant::now() >= deadline {
            bail!("redis-server does not listen after {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    eprintln!("Redis: our own, on 127.0.0.1:{port}.");
    Ok(Redis {
        scheme: "redis".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        username: String::new(),
        password: String::new(),
    })
}

fn reachable(host: &str, port: u16) -> bool {
    let Ok(addresses) = (host, port).to_socket_addrs() else {
        return false;
    };
    addresses
        .into_iter()
        .any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
}

/// The parts of `redis[s]://[user:password@]host[:port][/database]`. The database is left out: publishing knows none.
fn parse(url: &str) -> Option<Redis> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "redis" | "rediss") {
        return None;
    }
    let authority = rest.split(['/', '?']).next()?;
    let (userinfo, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (username, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (host_port, DEFAULT_PORT),
    };
    let decoded = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    Some(Redis {
        scheme: scheme.to_owned(),
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port,
        username: decoded(username)?,
        password: decoded(password)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_for_the_variables() {
        for (url, address, username, password) in [
            ("redis://cache", "redis://cache:6379", "", ""),
            ("redis://127.0.0.1:6380/2", "redis://127.0.0.1:6380", "", ""),
            (
                "rediss://user:p%40ss:word@cache.example:7000",
                "rediss://cache.example:7000",
                "user",
                "p@ss:word",
            ),
            ("redis://:secret@[::1]:6390", "redis://[::1]:6390", "", "secret"),
            ("redis://[::1]", "redis://[::1]:6379", "", ""),
        ] {
            let values = parse(url).unwrap().variables().map(|(_, value)| value);
            assert_eq!(values, [address, username, password], "{url}");
        }
        assert!(parse("http://cache").is_none());
    }

    #[test]
    fn the_trigger_is_told_all_in_one() {
        let of_the_trigger = |url| parse(url).unwrap().variable_of_the_trigger().1;
        assert_eq!(of_the_trigger("redis://cache"), "redis://cache:6379");
        assert_eq!(
            of_the_trigger("rediss://user:p%40ss@[::1]:7000/2"),
            "rediss://user:p%40ss@[::1]:7000"
        );
        let of_the_demo = |url| parse(url).unwrap().url_for_the_demo();
        let url = "redis://:secret@cache:7000";
        assert_eq!(of_the_demo(url).as_deref(), Some(url));
        assert_eq!(of_the_demo("rediss://cache"), None);
    }
}
