//! A Redis server of a test's own, on a free port, that keeps nothing.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// A running server, stopped when dropped.
pub(crate) struct RedisServer {
    port: u16,
    process: Child,
}

impl RedisServer {
    /// Starts a server, or says that the test did not run because there is none on the PATH.
    pub(crate) fn start() -> Option<Self> {
        // Another process may take the port between the two steps: then the server ends, and the next try has another.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            match launch(port) {
                Ok(process) => {
                    let mut server = Self { port, process };
                    if server.answers() {
                        return Some(server);
                    }
                }
                Err(error) => {
                    eprintln!("DID NOT RUN: no redis-server on the PATH ({error})");
                    return None;
                }
            }
        }
        panic!("redis-server does not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection for the test itself.
    pub(crate) fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Ends it, as a crash would.
    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port, empty.
    pub(crate) fn start_again(&mut self) {
        self.process = launch(self.port).unwrap();
        assert!(self.answers(), "redis-server does not start again");
    }

    fn answers(&mut self) -> bool {
        let client = redis::Client::open(self.url()).unwrap();
        for _ in 0..200 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            let answer = client
                .get_connection()
                .and_then(|mut connection| redis::cmd("PING").exec(&mut connection));
            if answer.is_ok() {
                return true;
            }
            sleep(Duration::from_millis(25));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn launch(port: u16) -> std::io::Result<Child> {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
