//! The process is killed at every step from an event to its mail: publish, claim, render, deliver, mark. Whoever comes next
//! finishes: nothing is lost, and nobody is told again but where the crash fell between the delivery and its mark, and then under the
//! same idempotency key.
//!
//! Here with a real process, a real Redis and a provider over HTTP; `crates/gateway/tests/identity/notifications.rs` breaks off at
//! each statement, before it and after it.

use std::time::{Duration, Instant};

use jetway_tests::app::{INTERNAL_TOKEN, new_email};
use jetway_tests::process::Process;
use jetway_tests::provider::Provider;
use jetway_tests::redis::Redis;
use jetway_tests::{Setup, TestApp, state};
use rusqlite::Connection;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// A sign-up is told of twice: by the greeting, and by the mail that asks whose address it is.
const MAILS: usize = 2;

const CHANNEL: &str = "jetway.events";

/// Long enough to arrive at a statement that cannot go on, and shorter than anybody waits for it.
const A_WHILE: Duration = Duration::from_millis(700);

/// Who delivers when the crash comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// The gateway, asked to sweep.
    Sweep,
    /// A process of its own, woken by Redis. It handles one message after another, so it is at one mail of the two.
    WakeUp,
}

/// Somebody has signed up, and nobody has delivered anything yet.
struct Scene {
    app: TestApp,
    setup: Setup,
    provider: Provider,
    redis: Redis,
    events: Vec<Value>,
    deliverer: Option<Process>,
}

impl Scene {
    async fn with(provider: Provider) -> Self {
        let redis = Redis::start();
        let mut listener = redis.subscribe(CHANNEL).await;
        let setup = Setup::usual()
            .mailing_through(&provider)
            .with(&[("redis_url", &redis.url())]);
        let app = setup.clone().without_redis_trigger().start();
        app.sign_up(&new_email()).await.expect_json(201);
        let events = vec![listener.next().await, listener.next().await];
        Self {
            app,
            setup,
            provider,
            redis,
            events,
            deliverer: None,
        }
    }

    /// Has delivery begin, and does not wait for what becomes of it.
    async fn begin(&mut self, by: By) {
        if by == By::Sweep {
            let sweep = self.app.post("/internal/notifications/sweep");
            // Its answer dies with the gateway.
            tokio::spawn(async move { sweep.token(INTERNAL_TOKEN).try_start().await.ok() });
            return;
        }
        self.deliverer = Some(self.setup.clone().only("notification").launch());
        self.redis.wait_for_subscribers(CHANNEL, 1).await;
        for event in &self.events {
            self.redis.publish(CHANNEL, &event.to_string()).await;
        }
    }

    /// Takes the right to write the database away from whoever delivers.
    fn lock_the_database(&self) -> Connection {
        let lock = state::database(&self.app.state());
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        lock
    }

    /// Waits until the provider has been handed a mail by each who is at one.
    async fn wait_until_handed_over(&self, by: By) {
        wait_until(|| self.provider.times().len() == at_once(by)).await;
    }

    /// Everything dies, and comes back; leases end; the sweep finishes. Then everybody has been told, and each mail has been handed
    /// to the provider so often.
    async fn crash_and_finish(mut self, lock: Option<Connection>, times: [u32; MAILS]) {
        if let Some(mut deliverer) = self.deliverer.take() {
            deliverer.kill();
        }
        self.app.kill();
        drop(lock);
        let told = self.app.notifications("done");
        self.app.crash_and_restart();
        self.provider.open_up().await;
        self.provider.answer();
        self.app.end_leases();

        let delivered = self.app.sweep_all().await;

        assert_eq!(usize::try_from(delivered).unwrap(), MAILS - told);
        assert_eq!(self.app.notifications("done"), MAILS);
        let mut handed_over: Vec<_> = self.provider.times().into_values().collect();
        handed_over.sort_unstable();
        assert_eq!(handed_over, times);
    }
}

/// How many mails are delivered side by side.
fn at_once(by: By) -> usize {
    match by {
        By::Sweep => MAILS,
        By::WakeUp => 1,
    }
}

/// How often each mail is handed over, where the crash comes after that and before it is marked.
fn once_more(by: By) -> [u32; MAILS] {
    match by {
        By::Sweep => [2, 2],
        By::WakeUp => [1, 2],
    }
}

async fn wait_until(there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !there() {
        assert!(Instant::now() < deadline, "it never comes to that");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn while_it_is_published() {
    // The kernel accepts, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = Provider::open();
    let mut app = Setup::usual()
        .mailing_through(&provider)
        .with(&[("redis_url", &format!("redis://{}", silent.local_addr().unwrap()))])
        .without_redis_trigger()
        .start();
    app.sign_up(&new_email()).await.expect_json(201);
    let (publishing, _) = silent.accept().await.unwrap();
    publishing.readable().await.unwrap();

    app.crash_and_restart();

    assert_eq!(app.sweep_all().await, 2);
    assert_eq!(provider.times().into_values().collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn when_it_is_published_and_nobody_has_been_woken() {
    let scene = Scene::with(Provider::open()).await;
    scene.crash_and_finish(None, [1, 1]).await;
}

async fn while_it_is_claimed(by: By) {
    let mut scene = Scene::with(Provider::open()).await;
    let lock = scene.lock_the_database();
    scene.begin(by).await;
    sleep(A_WHILE).await;

    assert_eq!(scene.app.notifications("pending"), MAILS);
    scene.crash_and_finish(Some(lock), [1, 1]).await;
}

async fn when_it_is_claimed_and_the_provider_has_not_heard_of_it(by: By) {
    let mut scene = Scene::with(Provider::closed()).await;
    scene.begin(by).await;
    wait_until(|| scene.app.notifications("claimed") == at_once(by)).await;
    sleep(A_WHILE).await;

    assert_eq!(scene.provider.times().len(), 0);
    scene.crash_and_finish(None, [1, 1]).await;
}

async fn while_the_provider_is_at_it(by: By) {
    let mut scene = Scene::with(Provider::open()).await;
    scene.provider.fall_silent();
    scene.begin(by).await;
    scene.wait_until_handed_over(by).await;

    scene.crash_and_finish(None, once_more(by)).await;
}

async fn when_the_provider_has_answered_and_it_is_not_marked(by: By) {
    let mut scene = Scene::with(Provider::open()).await;
    scene.provider.fall_silent();
    scene.begin(by).await;
    scene.wait_until_handed_over(by).await;
    let lock = scene.lock_the_database();
    scene.provider.answer();
    sleep(A_WHILE).await;

    assert_eq!(scene.app.notifications("done"), 0);
    scene.crash_and_finish(Some(lock), once_more(by)).await;
}

async fn when_it_is_marked(by: By) {
    let mut scene = Scene::with(Provider::open()).await;
    scene.begin(by).await;
    wait_until(|| scene.app.notifications("done") == MAILS).await;

    scene.crash_and_finish(None, [1, 1]).await;
}

/// Each step as a test of its own, for a sweep and for a wake-up.
macro_rules! for_each_deliverer {
    ($($step:ident),+ $(,)?) => {
        mod in_a_sweep {
            $(#[tokio::test]
            async fn $step() {
                super::$step(super::By::Sweep).await;
            })+
        }
        mod in_a_wake_up {
            $(#[tokio::test]
            async fn $step() {
                super::$step(super::By::WakeUp).await;
            })+
        }
    };
}

for_each_deliverer![
    while_it_is_claimed,
    when_it_is_claimed_and_the_provider_has_not_heard_of_it,
    while_the_provider_is_at_it,
    when_the_provider_has_answered_and_it_is_not_marked,
    when_it_is_marked,
];
