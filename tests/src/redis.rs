//! A real Redis server, and a subscriber.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::prerequisites;
use crate::process::Process;
use crate::setup::unused_port;

const PATIENCE: Duration = Duration::from_secs(30);

/// A Redis server of this test's own.
pub struct Redis {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    /// Starts a server that keeps nothing.
    pub fn start() -> Self {
        Self::on(unused_port())
    }

    /// Starts a server on this port.
    pub fn on(port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder for Redis");
        let process = Process::start(&prerequisites::redis_server(), |command| {
            command.args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command.arg("--dir").arg(folder.path());
        });
        process.wait_for("Ready to accept connections", PATIENCE);
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    /// The server's URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Lets it hang: its connections stay, and nothing is answered.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// The number at a key; nothing where there is none.
    pub async fn number(&self, key: &str) -> Option<i64> {
        let mut connection = self.connect().await;
        connection.send(&["GET", key]).await;
        connection.part_or_nil().await?.parse().ok()
    }

    /// Waits until as many subscribe to a channel.
    pub async fn wait_for_subscribers(&self, channel: &str, count: usize) {
        let there = async {
            while self.subscribers(channel).await != count {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, there).await.expect("as many subscribers");
    }

    async fn subscribers(&self, channel: &str) -> usize {
        let mut connection = self.connect().await;
        connection.send(&["PUBSUB", "NUMSUB", channel]).await;
        assert_eq!(connection.part().await, "*2");
        assert_eq!(connection.part().await, channel);
        let count = connection.part().await;
        count.trim_start_matches(':').parse().expect("a number")
    }

    /// Publishes a message, and tells how many got it.
    pub async fn publish(&self, channel: &str, message: &str) -> usize {
        let mut connection = self.connect().await;
        connection.send(&["PUBLISH", channel, message]).await;
        let count = connection.part().await;
        count.trim_start_matches(':').parse().expect("a number")
    }

    async fn connect(&self) -> Subscriber {
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("Redis accepts connections");
        Subscriber {
            stream: BufReader::new(stream),
        }
    }

    /// Subscribes to a channel.
    pub async fn subscribe(&self, channel: &str) -> Subscriber {
        let mut subscriber = self.connect().await;
        subscriber.send(&["SUBSCRIBE", channel]).await;
        assert_eq!(subscriber.part().await, "*3");
        assert_eq!(subscriber.part().await, "subscribe");
        assert_eq!(subscriber.part().await, channel);
        assert_eq!(subscriber.part().await, ":1");
        subscriber
    }
}

/// A connection that receives a channel's messages.
pub struct Subscriber {
    stream: BufReader<TcpStream>,
}

impl Subscriber {
    /// The next message, as JSON.
    pub async fn next(&mut self) -> Value {
        let message = timeout(PATIENCE, self.message())
            .await
            .expect("a message arrives");
        serde_json::from_str(&message).unwrap_or_else(|error| panic!("not JSON ({error}): {message}"))
    }

    /// The next message, as JSON, unless none arrives for this long.
    pub async fn next_within(&mut self, time: Duration) -> Option<Value> {
        let message = timeout(time, self.message()).await.ok()?;
        Some(serde_json::from_str(&message).unwrap_or_else(|error| panic!("not JSON ({error}): {message}")))
    }

    /// Whether nothing arrives for this long.
    pub async fn stays_silent(&mut self, time: Duration) -> bool {
        timeout(time, self.message()).await.is_err()
    }

    async fn send(&mut self, command: &[&str]) {
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream
            .write_all(request.as_bytes())
            .await
            .expect("Redis takes a command");
    }

    async fn message(&mut self) -> String {
        assert_eq!(self.part().await, "*3");
        assert_eq!(self.part().await, "message");
        self.part().await;
        self.part().await
    }

    /// The next part of a RESP answer: a bulk string's content, or any other line as it is.
    async fn part(&mut self) -> String {
        self.part_or_nil().await.expect("something")
    }

    async fn part_or_nil(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("Redis answers");
        let line = line.trim_end();
        if line == "$-1" {
            return None;
        }
        let Some(length) = line.strip_prefix('$') else {
            return Some(line.to_owned());
        };
        let length: usize = length.parse().expect("a bulk string's length");
        let mut bulk = vec![0; length + 2];
        self.stream
            .read_exact(&mut bulk)
            .await
            .expect("a whole bulk string");
        bulk.truncate(length);
        Some(String::from_utf8(bulk).expect("text"))
    }
}
