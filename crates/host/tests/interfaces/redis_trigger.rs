//! The Redis trigger's subscription, on a real server, with a handler of the test's own.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::redis_server::RedisServer;
use async_trait::async_trait;
use jetway_host::{
    manifest,
    trigger::redis::{MessageHandler, RedisTrigger},
    variables::Variables,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

fn trigger(address: &str) -> RedisTrigger {
    let manifest = format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [application.trigger.redis]
        address = "{{{{ redis_url }}}}"
        [variables]
        redis_url = {{ default = "{address}" }}
        [[trigger.redis]]
        channel = "bookings"
        component = "first"
        [[trigger.redis]]
        channel = "bookings"
        component = "second"
        [component.first]
        source = "first.wasm"
        [component.second]
        source = "second.wasm"
        "#
    );
    let app = manifest::parse(Path::new("/app/spin.toml"), &manifest).unwrap();
    let variables = Variables::new(&app, &BTreeMap::new(), &[], &|_| None).unwrap();
    RedisTrigger::new(&app, &variables).unwrap()
}

/// Reports what it gets, and fails where the message says so.
struct Report {
    sender: mpsc::UnboundedSender<(String, String)>,
    running: AtomicUsize,
}

#[async_trait]
impl MessageHandler for Report {
    async fn handle(&self, component: &str, payload: Vec<u8>) -> anyhow::Result<()> {
        let at_once = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(
            at_once <= 2,
            "no more than one message at once, for two components"
        );
        sleep(Duration::from_millis(20)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let text = String::from_utf8(payload)?;
        anyhow::ensure!(text != "fail", "as asked");
        self.sender.send((component.to_owned(), text))?;
        Ok(())
    }
}

struct Running {
    received: mpsc::UnboundedReceiver<(String, String)>,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(address: &str) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let handler = Arc::new(Report {
            sender,
            running: AtomicUsize::new(0),
        });
        let task = tokio::spawn(trigger(address).run(handler, async {
            stopped.await.ok();
        }));
        Self {
            received,
            stop: Some(stop),
            task,
        }
    }

    /// The next two messages, sorted: the components of one message run at once.
    async fn pair(&mut self) -> [(String, String); 2] {
        let mut pair = Vec::new();
        for _ in 0..2 {
            pair.push(
                timeout(Duration::from_secs(10), self.received.recv())
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        pair.sort();
        pair.try_into().unwrap()
    }

    async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        timeout(Duration::from_secs(5), self.task).await.unwrap().unwrap();
    }
}

/// Publishes until somebody listens.
async fn publish(server: &RedisServer, message: &str) {
    let mut connection = server.connection();
    for _ in 0..400 {
        let listeners: usize = redis::cmd("PUBLISH")
            .arg("bookings")
            .arg(message)
            .query(&mut connection)
            .unwrap();
        if listeners > 0 {
            return;
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("nobody listens");
}

fn both(message: &str) -> [(String, String); 2] {
    ["first", "second"].map(|component| (component.to_owned(), message.to_owned()))
}

#[tokio::test]
async fn messages_reach_every_component_of_the_channel_in_order() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let mut running = Running::start(&server.url());
    for message in ["one", "fail", "two"] {
        publish(&server, message).await;
    }
    assert_eq!(running.pair().await, both("one"));
    assert_eq!(
        running.pair().await,
        both("two"),
        "an error of a handler is dropped"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_goes_away_is_subscribed_to_again() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let mut running = Running::start(&server.url());
    publish(&server, "before").await;
    assert_eq!(running.pair().await, both("before"));
    server.stop();
    sleep(Duration::from_millis(500)).await;
    assert!(!running.task.is_finished(), "the trigger goes on");
    server.start_again();
    publish(&server, "after").await;
    assert_eq!(running.pair().await, both("after"));
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    server.stop();
    let mut running = Running::start(&server.url());
    sleep(Duration::from_millis(300)).await;
    server.start_again();
    publish(&server, "late").await;
    assert_eq!(running.pair().await, both("late"));
    running.stop().await;
}
