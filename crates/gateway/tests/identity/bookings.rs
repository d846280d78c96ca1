//! News of bookings, and reminders before departure: each once, whatever order the events come in.

use std::cell::Cell;
use std::time::Duration;

use jetway_gateway::bookings::ReminderOffsets;
use jetway_gateway::domain::{EmailAddress, UserId, parse_rfc3339, rfc3339};
use jetway_gateway::events::publish_waiting;
use jetway_gateway::mail::{self, Category, Links, Preferences};
use jetway_gateway::notifications::{Delivery, MailSecrets, Settings, Tally};
use jetway_gateway::ports::{Clock, DatabaseError, Databases, NoAnswer, OutboundHttp, Ports, Timestamp};
use jetway_gateway::store::{Schema, StoreError, inbox, preferences};
use jetway_gateway::test_support::{
    Connection, CountingEntropy, MemoryKeyValue, NobodyWaits, RecordingPublisher, TestClock, TestPorts,
    block_on,
};
use serde_json::{Value, json};

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const CONFIRMED: &str = "com.jetway.booking.confirmed.v1";
const CHANGED: &str = "com.jetway.booking.changed.v1";
const CANCELLED: &str = "com.jetway.booking.cancelled.v1";
const REMINDER: &str = "com.jetway.booking.reminder.v1";

/// Mail stays in the database here.
struct NoProvider;

impl OutboundHttp for NoProvider {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        unreachable!("the inbox sends nothing")
    }
}

/// A gateway, and Ada who books.
struct Desk {
    world: World,
    ada: String,
    settings: Settings,
    schema: Schema,
    secrets: MailSecrets,
}

impl Desk {
    fn new() -> Self {
        let world = World::default();
        let ada = world.sign_up("ada@example.com").id.to_string();
        let desk = Self {
            world,
            ada,
            settings: Settings {
                mail: mail::Settings {
                    delivery: mail::Delivery::Inbox,
                    links: Links::default(),
                },
                reminder_offsets: ReminderOffsets::parse("24h, 2h").unwrap(),
            },
            schema: Schema::new(),
            secrets: MailSecrets::new(),
        };
        desk.sweep();
        desk
    }

    fn delivery<'a, P: Ports>(&'a self, ports: &'a P) -> Delivery<'a, P, NoProvider> {
        Delivery {
            ports,
            schema: &self.schema,
            settings: &self.settings,
            http: &NoProvider,
            secrets: &self.secrets,
        }
    }

    fn ports(&self) -> &TestPorts {
        &self.world.ports
    }

    fn now(&self) -> Timestamp {
        self.ports().clock.now()
    }

    fn advance(&self, duration: Duration) {
        self.ports().clock.advance(duration);
    }

    /// What the booking service says now of Ada's booking `b-1`, with an id of its own.
    fn event(&self, kind: &str, departure: Timestamp) -> Value {
        json!({
            "specversion": "1.0",
            "id": format!("{kind} {} {}", rfc3339(self.now()), rfc3339(departure)),
            "source": "/bookings",
            "type": kind,
            "subject": "b-1",
            "time": rfc3339(self.now()),
            "data": {
                "booking_id": "b-1",
                "user_id": self.ada,
                "flight": { "number": "LH 400", "from": "FRA", "to": "JFK" },
                "departure_at": rfc3339(departure),
            },
        })
    }

    fn hear(&self, event: &Value) -> Tally {
        block_on(self.delivery(self.ports()).wake_up(event.to_string().as_bytes())).unwrap()
    }

    fn sweep(&self) -> Tally {
        block_on(self.delivery(self.ports()).sweep()).unwrap()
    }

    /// The mails that Ada has got about bookings, in the order in which they came.
    fn mails(&self) -> Vec<String> {
        let ada = EmailAddress::parse("ada@example.com").unwrap();
        let mails = block_on(inbox::messages_to(&self.world.store(), &ada)).unwrap();
        let of_bookings = mails.into_iter().rev().map(|mail| mail.kind);
        of_bookings.filter(|kind| kind.contains(".booking.")).collect()
    }

    fn text(&self, query: &str) -> String {
        self.ports().databases.text(query)
    }

    /// When reminders are still to come.
    fn to_come(&self) -> Vec<Timestamp> {
        let due = self.text("SELECT coalesce(group_concat(due_at, ' '), '') FROM (SELECT due_at FROM reminders ORDER BY due_at)");
        due.split_whitespace()
            .map(|time| parse_rfc3339(time).unwrap())
            .collect()
    }
}

/// Mails of one moment.
fn in_any_order(desk: &Desk) -> Vec<String> {
    let mut mails = desk.mails();
    mails.sort();
    mails
}

#[test]
fn a_confirmed_booking_is_told_at_once_and_reminded_of_a_day_and_two_hours_before() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);

    assert_eq!(desk.hear(&desk.event(CONFIRMED, departure)).delivered, 1);

    assert_eq!(desk.mails(), [CONFIRMED]);
    assert_eq!(
        desk.to_come(),
        [departure.before(DAY), departure.before(2 * HOUR)]
    );
    desk.advance(2 * DAY - Duration::from_millis(1));
    assert_eq!(desk.sweep(), Tally::default());
    desk.advance(Duration::from_millis(1));
    assert_eq!(desk.sweep().delivered, 1);
    assert_eq!(desk.sweep(), Tally::default());
    desk.advance(22 * HOUR);
    assert_eq!(desk.sweep().delivered, 1);
    desk.advance(DAY);
    assert_eq!(desk.sweep(), Tally::default());
    assert_eq!(desk.mails(), [CONFIRMED, REMINDER, REMINDER]);
}

#[test]
fn a_change_moves_the_reminders() {
    let desk = Desk::new();
    let (first, second) = (desk.now().after(3 * DAY), desk.now().after(5 * DAY));
    desk.hear(&desk.event(CONFIRMED, first));
    desk.advance(HOUR);

    desk.hear(&desk.event(CHANGED, second));

    assert_eq!(desk.mails(), [CONFIRMED, CHANGED]);
    assert_eq!(desk.to_come(), [second.before(DAY), second.before(2 * HOUR)]);
}

#[test]
fn a_cancellation_removes_the_reminders_also_one_that_is_on_its_way() {
    let desk = Desk::new();
    let departure = desk.now().after(DAY + HOUR);
    desk.hear(&desk.event(CONFIRMED, departure));
    desk.advance(HOUR);
    // The reminder has become an event, and its delivery is put off.
    block_on(jetway_gateway::store::reminders::make_events(
        &desk.world.store(),
        desk.now(),
        10,
    ))
    .unwrap();

    desk.hear(&desk.event(CANCELLED, departure));

    assert_eq!(desk.to_come(), []);
    desk.advance(DAY);
    assert_eq!(desk.sweep(), Tally::default());
    assert_eq!(desk.mails(), [CONFIRMED, CANCELLED]);
}

#[test]
fn a_duplicate_changes_nothing() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    let event = desk.event(CONFIRMED, departure);
    desk.hear(&event);
    desk.advance(HOUR);
    desk.hear(&desk.event(CHANGED, departure.after(HOUR)));
    let to_come = desk.to_come();

    let mut timeless = event.clone();
    timeless["time"] = Value::Null;
    for event in [&event, &event, &timeless] {
        assert_eq!(desk.hear(event), Tally::default());
    }

    assert_eq!(desk.mails(), [CONFIRMED, CHANGED]);
    assert_eq!(desk.to_come(), to_come);
}

#[test]
fn what_comes_late_changes_nothing() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    let confirmed = desk.event(CONFIRMED, departure);
    desk.advance(HOUR);
    let changed = desk.event(CHANGED, departure.after(HOUR));
    desk.advance(HOUR);
    let cancelled = desk.event(CANCELLED, departure.after(HOUR));

    desk.hear(&changed);
    let to_come = desk.to_come();
    desk.hear(&confirmed);
    assert_eq!(desk.to_come(), to_come);
    desk.hear(&cancelled);
    for late in [&confirmed, &changed] {
        desk.hear(late);
    }
    // Whatever is said of it later: what is cancelled is no more.
    desk.advance(HOUR);
    desk.hear(&desk.event(CHANGED, departure));

    assert_eq!(in_any_order(&desk), [CANCELLED, CHANGED]);
    assert_eq!(desk.to_come(), []);
}

#[test]
fn of_two_events_of_one_moment_the_confirmation_was_the_first() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    let (confirmed, changed) = (
        desk.event(CONFIRMED, departure),
        desk.event(CHANGED, departure.after(HOUR)),
    );

    for event in [&changed, &confirmed] {
        desk.hear(event);
    }
    assert_eq!(desk.mails(), [CHANGED]);
    let desk = Desk::new();
    for event in [
        &desk.event(CONFIRMED, departure),
        &desk.event(CHANGED, departure.after(HOUR)),
    ] {
        desk.hear(event);
    }
    assert_eq!(in_any_order(&desk), [CHANGED, CONFIRMED]);
    assert_eq!(desk.to_come()[1], departure.before(HOUR));
}

#[test]
fn a_service_whose_clock_is_ahead_is_heard_afterwards_too() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    let mut ahead = desk.event(CONFIRMED, departure);
    ahead["time"] = json!("2999-01-01T00:00:00Z");
    desk.hear(&ahead);
    desk.advance(HOUR);

    desk.hear(&desk.event(CANCELLED, departure));

    assert_eq!(desk.mails(), [CONFIRMED, CANCELLED]);
}

#[test]
fn who_books_shortly_before_is_not_reminded_of_what_is_past() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * HOUR);
    desk.hear(&desk.event(CONFIRMED, departure));
    assert_eq!(desk.to_come(), [departure.before(2 * HOUR)]);
    desk.hear(&desk.event(CHANGED, desk.now().before(HOUR)));
    assert_eq!(desk.to_come(), []);
}

#[test]
fn after_an_outage_only_the_latest_reminder_goes_out_and_none_after_the_departure() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    desk.hear(&desk.event(CONFIRMED, departure));
    desk.advance(3 * DAY - HOUR);
    assert_eq!(desk.sweep().delivered, 1);
    assert_eq!(desk.mails(), [CONFIRMED, REMINDER]);

    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    desk.hear(&desk.event(CONFIRMED, departure));
    desk.advance(3 * DAY);
    assert_eq!(desk.sweep(), Tally::default());
    assert_eq!(
        (desk.mails(), desk.to_come()),
        (vec![CONFIRMED.to_owned()], vec![])
    );
}

#[test]
fn a_reminder_that_could_not_be_delivered_before_the_flight_left_is_given_up() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * HOUR);
    desk.hear(&desk.event(CONFIRMED, departure));
    desk.advance(HOUR);
    block_on(jetway_gateway::store::reminders::make_events(
        &desk.world.store(),
        desk.now(),
        10,
    ))
    .unwrap();
    desk.advance(2 * HOUR);

    assert_eq!(desk.sweep(), Tally::default());

    let reason = "SELECT last_error FROM notifications WHERE state = 'dead'";
    assert_eq!(desk.text(reason), "the flight has left");
    let record = "SELECT count(*) FROM audit_log WHERE action = 'notification.dead'";
    assert_eq!(desk.text(record), "1");
}

#[test]
fn whoever_does_not_want_reminders_gets_none() {
    let desk = Desk::new();
    let ada = UserId::parse(&desk.ada).unwrap();
    let preferences = Preferences::default().with(Category::Reminders, false);
    block_on(preferences::set(
        &desk.world.store(),
        ada,
        preferences,
        desk.now(),
    ))
    .unwrap();
    desk.hear(&desk.event(CONFIRMED, desk.now().after(3 * HOUR)));
    desk.advance(HOUR);

    desk.sweep();

    assert_eq!(desk.mails(), [CONFIRMED]);
}

#[test]
fn what_nobody_understands_is_kept_with_the_reason_and_the_rest_goes_on() {
    let desk = Desk::new();
    let departure = desk.now().after(3 * DAY);
    let mut damaged = desk.event(CONFIRMED, departure);
    damaged["data"]["departure_at"] = json!("soon");
    desk.hear(&damaged);
    block_on(desk.delivery(desk.ports()).wake_up(b"\xffnot json\0")).unwrap();
    let mut stranger = desk.event(CONFIRMED, departure);
    stranger["data"]["user_id"] = json!("01893726-efee-7f02-8fbf-9f2b7bc2f910");
    desk.hear(&stranger);

    desk.hear(&desk.event(CONFIRMED, departure));

    assert_eq!(desk.mails(), [CONFIRMED]);
    let store = desk.world.store();
    let refused = block_on(jetway_gateway::store::refused_messages::newest(&store)).unwrap();
    let [stranger, binary, damaged] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert!(damaged.reason.contains("data.departure_at"), "{damaged:?}");
    assert!(damaged.payload.contains("LH 400"), "{damaged:?}");
    assert!(binary.reason.contains("no CloudEvent"), "{binary:?}");
    assert_eq!(binary.payload, "\u{fffd}not json\u{fffd}");
    assert_eq!(stranger.reason, "there is no such user");
    assert!(!stranger.payload.contains("LH 400"), "{stranger:?}");
}

#[test]
fn messages_that_nobody_understands_do_not_fill_the_database() {
    let desk = Desk::new();
    let flood = vec![b'x'; 1024 * 1024];
    for _ in 0..1010 {
        block_on(desk.delivery(desk.ports()).wake_up(&flood)).unwrap();
    }
    let kept = "SELECT count(*) || ' ' || max(length(payload)) FROM refused_messages";
    assert_eq!(desk.text(kept), "1000 2000");
}

#[test]
fn bookings_go_with_the_account() {
    let desk = Desk::new();
    let event = desk.event(CONFIRMED, desk.now().after(3 * DAY));
    desk.hear(&event);
    desk.ports().databases.run("DELETE FROM users");
    let left = "SELECT (SELECT count(*) FROM bookings) + (SELECT count(*) FROM reminders) + (SELECT count(*) FROM booking_events)";
    assert_eq!(desk.text(left), "0");
    assert_eq!(desk.hear(&event), Tally::default());
    assert_eq!(desk.text(left), "0");
}

#[test]
fn the_platform_hears_of_reminders_and_of_nothing_that_it_has_told_us() {
    let desk = Desk::new();
    desk.ports()
        .databases
        .run("UPDATE outbox SET published_at = time");
    desk.hear(&desk.event(CONFIRMED, desk.now().after(3 * HOUR)));
    desk.advance(HOUR);
    desk.sweep();
    desk.advance(Duration::from_secs(11));
    let publisher = RecordingPublisher::default();
    let publish = |publisher: &RecordingPublisher| {
        block_on(publish_waiting(
            &desk.world.store(),
            publisher,
            &desk.ports().clock,
        ))
    };

    assert!(publish(&RecordingPublisher::down()).is_err());
    for _ in 0..2 {
        publish(&publisher).unwrap();
    }

    let events: Vec<Value> = publisher
        .messages()
        .iter()
        .map(|(_, payload)| serde_json::from_slice(payload).unwrap())
        .collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], REMINDER);
    assert_eq!(crate::events::faults(&events[0]), Vec::<String>::new());
}

#[test]
fn what_is_long_over_is_cleared_away_and_what_is_to_be_told_is_not() {
    let desk = Desk::new();
    desk.hear(&desk.event(CONFIRMED, desk.now().after(50 * DAY)));
    desk.ports()
        .databases
        .run("UPDATE notifications SET state = 'dead' WHERE id = (SELECT min(id) FROM notifications)");
    let rows = "SELECT (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM notifications) || ' ' || (SELECT count(*) FROM bookings)";
    let before = desk.text(rows);
    desk.advance(29 * DAY);
    desk.sweep();
    assert_eq!(desk.text(rows), before);

    desk.advance(2 * DAY);
    desk.sweep();
    assert_eq!(desk.text(rows), "1 1 1", "what could not be told stays longer");
    desk.advance(18 * DAY);
    desk.sweep();
    assert_eq!(desk.text(rows), "2 2 1", "the reminder of a day before");

    desk.advance(90 * DAY);
    desk.sweep();
    assert_eq!(desk.text(rows), "0 0 0");
}

/// Ports whose database cannot be opened for a while.
struct Flaky<'a> {
    ports: &'a TestPorts,
    databases: FlakyDatabases<'a>,
}

struct FlakyDatabases<'a> {
    databases: &'a jetway_gateway::test_support::TestDatabase,
    failures: Cell<u32>,
}

impl Databases for FlakyDatabases<'_> {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, DatabaseError> {
        match self.failures.get() {
            0 => Ok(self.databases.connect()),
            left => {
                self.failures.set(left - 1);
                Err(DatabaseError::Locked)
            }
        }
    }
}

impl<'a> Ports for Flaky<'a> {
    type Databases = FlakyDatabases<'a>;
    type KeyValue = MemoryKeyValue;
    type Clock = TestClock;
    type Entropy = CountingEntropy;
    type Way = NobodyWaits;

    fn databases(&self) -> &FlakyDatabases<'a> {
        &self.databases
    }
    fn key_value(&self) -> &MemoryKeyValue {
        &self.ports.key_value
    }
    fn clock(&self) -> &TestClock {
        &self.ports.clock
    }
    fn entropy(&self) -> &CountingEntropy {
        &self.ports.entropy
    }
    fn way(&self) -> &NobodyWaits {
        &self.ports.way
    }
}

#[test]
fn an_event_that_redis_tells_once_outlasts_a_database_that_is_locked_for_a_while() {
    let desk = Desk::new();
    let event = desk.event(CONFIRMED, desk.now().after(3 * DAY)).to_string();
    let hear = |failures| {
        let ports = Flaky {
            ports: desk.ports(),
            databases: FlakyDatabases {
                databases: &desk.ports().databases,
                failures: Cell::new(failures),
            },
        };
        block_on(desk.delivery(&ports).wake_up(event.as_bytes()))
    };

    assert_eq!(hear(7), Err(StoreError::Busy));
    assert_eq!(hear(6).map(|tally| tally.delivered), Ok(1));

    assert_eq!(desk.mails(), [CONFIRMED]);
}
