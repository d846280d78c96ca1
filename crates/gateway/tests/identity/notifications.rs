//! Telling people: each event once, whatever fails in between.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use jetway_gateway::domain::{EmailAddress, EventId, Origin};
use jetway_gateway::events::CloudEvent;
use jetway_gateway::mail::{Mailer, Message, Outcome};
use jetway_gateway::notifications::{Courier, MAX_ATTEMPTS, Tally};
use jetway_gateway::ports::{Clock, Database, DatabaseError, Row, Value};
use jetway_gateway::roles::Administration;
use jetway_gateway::store::notifications::State;
use jetway_gateway::store::{Schema, Store};
use jetway_gateway::test_support::{Connection, CountingEntropy, TestClock, block_on};

use crate::world::{World, at_once};

/// Longer than a lease.
const LEASE_OVER: Duration = Duration::from_secs(61);
/// Longer than the longest pause.
const PAUSE_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Remembers what it was handed, by idempotency key, and answers as it is told.
struct Post<F> {
    handed_over: RefCell<BTreeMap<String, u32>>,
    answer: F,
}

impl<F: Fn() -> Outcome> Post<F> {
    fn answering(answer: F) -> Self {
        Self {
            handed_over: RefCell::default(),
            answer,
        }
    }

    fn times(&self) -> Vec<u32> {
        self.handed_over.borrow().values().copied().collect()
    }
}

fn working() -> Post<impl Fn() -> Outcome> {
    Post::answering(|| Outcome::Delivered)
}

fn refusing() -> Post<impl Fn() -> Outcome> {
    Post::answering(|| Outcome::Refused {
        words: "no such mailbox".to_owned(),
    })
}

fn busy(after: Option<Duration>) -> Post<impl Fn() -> Outcome> {
    Post::answering(move || Outcome::Retry {
        after,
        words: "503".to_owned(),
    })
}

impl<F: Fn() -> Outcome> Mailer for Post<F> {
    async fn deliver(&self, message: &Message) -> Outcome {
        *self
            .handed_over
            .borrow_mut()
            .entry(message.idempotency_key.clone())
            .or_default() += 1;
        (self.answer)()
    }
}

type Render = fn(&CloudEvent, EmailAddress) -> Result<Option<Message>, &'static str>;

/// Words for everything but what an administrator does.
fn render(event: &CloudEvent, to: EmailAddress) -> Result<Option<Message>, &'static str> {
    if event.kind() != "com.jetway.user.registered.v1" {
        return Ok(None);
    }
    Ok(Some(Message {
        to,
        kind: event.kind().to_owned(),
        occurred_at: event.time().to_owned(),
        subject: "Welcome".to_owned(),
        text: "Welcome.".to_owned(),
        html: "<p>Welcome.".to_owned(),
        idempotency_key: event.id().to_owned(),
        unsubscribe: None,
    }))
}

fn courier<'a, D: Database, M: Mailer>(
    world: &'a World,
    store: &'a Store<D>,
    mailer: &'a M,
) -> Courier<'a, D, M, Render, TestClock, CountingEntropy> {
    Courier {
        store,
        mailer,
        render,
        clock: &world.ports.clock,
        entropy: &world.ports.entropy,
    }
}

fn sweep(world: &World, mailer: &impl Mailer) -> Tally {
    block_on(courier(world, &world.store(), mailer).sweep()).unwrap()
}

fn tally(claimed: u64, delivered: u64, failed: u64, dead: u64) -> Tally {
    Tally {
        claimed,
        delivered,
        failed,
        dead,
    }
}

fn event_id(world: &World) -> EventId {
    EventId::parse(&world.ports.databases.text("SELECT id FROM outbox LIMIT 1")).unwrap()
}

fn states(world: &World) -> String {
    world
        .ports
        .databases
        .text("SELECT group_concat(state, ' ') FROM (SELECT state FROM notifications ORDER BY id)")
}

#[test]
fn a_sweep_tells_everybody_once() {
    let (world, post) = (World::default(), working());
    for i in 0..50 {
        world.sign_up(&format!("user{i}@example.com"));
    }

    assert_eq!(sweep(&world, &post), tally(50, 50, 0, 0));
    assert_eq!(sweep(&world, &post), Tally::default());

    assert_eq!(post.times(), vec![1; 50]);
}

#[test]
fn a_wake_up_tells_what_it_names_and_a_second_one_nothing() {
    let (world, post) = (World::default(), working());
    world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let (store, id) = (world.store(), event_id(&world));
    let courier = courier(&world, &store, &post);

    assert_eq!(block_on(courier.deliver(id)), Ok(tally(1, 1, 0, 0)));
    assert_eq!(block_on(courier.deliver(id)), Ok(Tally::default()));

    assert_eq!(post.times(), [1]);
}

#[test]
fn what_has_no_words_is_done_and_nobody_hears_of_it() {
    let (world, post) = (World::default(), working());
    world.sign_up("ada@example.com");
    world
        .ports
        .databases
        .run("UPDATE outbox SET type = 'com.jetway.other.v1'");

    assert_eq!(sweep(&world, &post), tally(1, 1, 0, 0));

    assert_eq!(post.times(), [0_u32; 0]);
    assert_eq!(states(&world), "done");
}

#[test]
fn whose_account_is_gone_is_not_told() {
    let (world, post) = (World::default(), working());
    world.sign_up("ada@example.com");
    world
        .ports
        .databases
        .run("UPDATE outbox SET data = '{}'; DELETE FROM users");

    assert_eq!(sweep(&world, &post), tally(1, 1, 0, 0));

    assert_eq!(post.times(), [0_u32; 0]);
}

#[test]
fn of_many_who_sweep_at_once_each_notification_has_one() {
    let world = World::default();
    for i in 0..100 {
        world.sign_up(&format!("user{i}@example.com"));
    }

    let databases = &world.ports.databases;
    let swept = at_once(8, |_| {
        let (store, post) = (databases.store(), working());
        // A clock and randomness of their own: what is shared is the database.
        let (clock, entropy) = (
            TestClock::default(),
            jetway_gateway::test_support::ConstantEntropy(0),
        );
        let courier = Courier {
            store: &store,
            mailer: &post,
            render: render as Render,
            clock: &clock,
            entropy: &entropy,
        };
        let tally = block_on(courier.sweep()).unwrap();
        (tally, post.handed_over.into_inner())
    });

    let claimed: u64 = swept.iter().map(|(tally, _)| tally.claimed).sum();
    let mut handed_over: Vec<_> = swept.into_iter().flat_map(|(_, keys)| keys).collect();
    handed_over.sort();
    handed_over.dedup_by(|a, b| a.0 == b.0);
    assert_eq!((claimed, handed_over.len()), (100, 100));
    assert!(handed_over.iter().all(|(_, times)| *times == 1));
}

#[test]
fn a_try_that_fails_is_made_again_and_twelve_are_all() {
    let (world, post) = (World::default(), busy(None));
    world.sign_up("ada@example.com");
    let started = world.ports.clock.now();

    for attempt in 1..MAX_ATTEMPTS {
        assert_eq!(sweep(&world, &post), tally(1, 0, 1, 0), "try {attempt}");
        assert_eq!(sweep(&world, &post), Tally::default(), "not before its time");
        // Past the pause after this try, and not by more than it takes.
        world
            .ports
            .clock
            .advance(Duration::from_secs(30 << (attempt - 1)));
    }
    assert_eq!(sweep(&world, &post), tally(1, 0, 0, 1));

    assert!(started.until(world.ports.clock.now()) < Duration::from_secs(24 * 60 * 60));
    world.ports.clock.advance(PAUSE_OVER);
    assert_eq!(sweep(&world, &post), Tally::default());
    assert_eq!(post.times(), [MAX_ATTEMPTS]);
    let record = "SELECT action || ' ' || json_extract(detail, '$.reason') || ' ' || json_extract(detail, '$.attempts')
        FROM audit_log WHERE action LIKE 'notification.%'";
    assert_eq!(world.ports.databases.text(record), "notification.dead 503 12");
}

#[test]
fn a_provider_that_wants_to_be_left_alone_is() {
    let world = World::default();
    world.sign_up("ada@example.com");
    assert_eq!(sweep(&world, &busy(Some(Duration::from_secs(3600)))).failed, 1);

    world.ports.clock.advance(Duration::from_secs(3599));
    assert_eq!(sweep(&world, &working()), Tally::default());
    world.ports.clock.advance(Duration::from_secs(1));
    assert_eq!(sweep(&world, &working()), tally(1, 1, 0, 0));
}

#[test]
fn what_is_refused_is_given_up_at_once_and_an_administrator_has_it_tried_again() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.ports.databases.run(&format!(
        "INSERT INTO user_roles VALUES ('{}', 'admin', NULL, '2026')",
        ada.id
    ));
    assert_eq!(sweep(&world, &refusing()), tally(1, 0, 0, 1));
    let caller = world.identity(&world.sign_in("ada@example.com"));
    let store = world.store();
    let permitted = block_on(jetway_gateway::roles::Permitted::check(&caller, &store, false)).unwrap();
    let origin = Origin {
        client_address: None,
        request_id: Some("r-1".to_owned()),
    };
    let (key_value, clock) = (&world.ports.key_value, &world.ports.clock);
    let administration = Administration::new(&store, key_value, clock, permitted, origin);

    let dead = block_on(administration.list_notifications(Some(State::Dead), None, 10)).unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].last_error.as_deref(), Some("no such mailbox"));
    let retried = block_on(administration.retry_notification(dead[0].id)).unwrap();
    assert_eq!((retried.state, retried.attempts), (State::Pending, 0));
    assert!(block_on(administration.retry_notification(dead[0].id)).is_err());

    assert_eq!(sweep(&world, &working()), tally(1, 1, 0, 0));
    let who = "SELECT actor || ' ' || request_id FROM audit_log WHERE action = 'notification.retried'";
    assert_eq!(world.ports.databases.text(who), format!("{} r-1", ada.id));
}

#[test]
fn who_claims_and_is_never_heard_of_again_uses_up_a_try() {
    let world = World::default();
    world.sign_up("ada@example.com");
    for _ in 0..MAX_ATTEMPTS {
        let broken = BreaksOff::after(&world, 1, Lost::Answer);
        let store = broken.store();
        assert!(block_on(courier(&world, &store, &working()).deliver(event_id(&world))).is_err());
        world.ports.clock.advance(LEASE_OVER);
    }
    let post = working();
    assert_eq!(sweep(&world, &post), tally(0, 0, 0, 1));
    assert_eq!(post.times(), [0_u32; 0]);
    assert_eq!(states(&world), "dead");
}

/// The crash at every step: a sweep is broken off at its first statement, its second, and so on, each time before the statement has
/// run and after it has. Whoever comes next finishes.
#[test]
fn wherever_it_is_broken_off_nothing_is_lost_and_only_what_was_not_marked_comes_twice() {
    for lost in [Lost::Statement, Lost::Answer] {
        for statements in 0.. {
            let (world, post) = (World::default(), working());
            for i in 0..3 {
                world.sign_up(&format!("user{i}@example.com"));
            }
            let broken = BreaksOff::after(&world, statements, lost);
            let store = broken.store();
            let ended = block_on(courier(&world, &store, &post).sweep());
            let unmarked = world
                .ports
                .databases
                .text("SELECT count(*) FROM notifications WHERE state = 'claimed'");
            let before = post.times();

            world.ports.clock.advance(LEASE_OVER);
            sweep(&world, &post);

            assert_eq!(
                states(&world),
                "done done done",
                "{statements} statements, {lost:?}"
            );
            let twice = post.times().iter().filter(|times| **times == 2).count();
            assert!(post.times().iter().all(|times| (1..=2).contains(times)));
            // Those that the mailer had and the database did not hear of.
            let expected = if before.is_empty() {
                0
            } else {
                unmarked.parse().unwrap()
            };
            assert_eq!(twice, expected, "{statements} statements, {lost:?}");
            if ended.is_ok() {
                break;
            }
        }
    }
}

/// What is lost when a connection breaks.
#[derive(Clone, Copy, Debug)]
enum Lost {
    /// The statement: it has not run.
    Statement,
    /// Its answer: it has.
    Answer,
}

/// A database that is gone from some statement on, as it is for a process that dies there.
struct BreaksOff {
    database: Connection,
    left: Cell<usize>,
    lost: Lost,
}

impl BreaksOff {
    /// The statements are counted from when the connection stands.
    fn after(world: &World, statements: usize, lost: Lost) -> Self {
        world.store();
        // Opening takes statements of its own, of which a migrated database needs but a few.
        const OPENING: usize = 4;
        Self {
            database: world.ports.databases.connect(),
            left: (OPENING + statements).into(),
            lost,
        }
    }

    fn store(&self) -> Store<&Self> {
        block_on(Store::open(self, &Schema::new())).unwrap()
    }
}

impl Database for BreaksOff {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let gone = || DatabaseError::Other("the connection is lost".to_owned());
        match (self.left.get(), self.lost) {
            (0, Lost::Statement) => Err(gone()),
            (0, Lost::Answer) => Err(gone()),
            (1, Lost::Answer) => {
                self.left.set(0);
                self.database.execute(statement, parameters).await?;
                Err(gone())
            }
            (left, _) => {
                self.left.set(left - 1);
                self.database.execute(statement, parameters).await
            }
        }
    }
}
