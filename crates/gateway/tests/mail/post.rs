//! What is not wanted is not sent.

use jetway_gateway::accounts;
use jetway_gateway::domain::{EmailAddress, NewUser, Password, UserId};
use jetway_gateway::mail::{
    Category, Mailer as _, Message, Outcome, Post, Preferences, Settings, Unsubscribe,
};
use jetway_gateway::ports::Clock as _;
use jetway_gateway::store::preferences;
use jetway_gateway::test_support::{TestPorts, TestVariables, block_on};

use crate::client::Client;
use crate::message;

struct World {
    ports: TestPorts,
    user: UserId,
}

impl World {
    fn new() -> Self {
        let ports = TestPorts::default();
        let new = NewUser {
            email: EmailAddress::parse("ada@example.com").unwrap(),
            password: Password::parse("correct horse battery".to_owned()).unwrap(),
        };
        let store = ports.databases.store();
        let (hasher, clock, entropy) = (ports.hasher(), &ports.clock, &ports.entropy);
        let signed_up = block_on(accounts::sign_up(&store, new, &hasher, clock, entropy));
        let user = signed_up.unwrap().id;
        Self { ports, user }
    }

    fn choose(&self, preferences: Preferences) {
        let store = self.ports.databases.store();
        let set = preferences::set(&store, self.user, preferences, self.ports.clock.now());
        assert!(block_on(set).unwrap());
    }

    fn deliver(&self, message: &Message) -> Outcome {
        let settings = block_on(Settings::read(&TestVariables::of(&[]))).unwrap();
        let (store, http) = (self.ports.databases.store(), Client::new());
        let post = Post {
            settings: &settings,
            store: &store,
            http: &http,
            clock: &self.ports.clock,
        };
        block_on(post.deliver(message))
    }

    fn message(&self, category: Category) -> Message {
        let unsubscribe = Unsubscribe::new("/u?token=t".to_owned(), self.user, category);
        Message {
            unsubscribe: category.is_optional().then_some(unsubscribe),
            idempotency_key: category.as_str().to_owned(),
            ..message()
        }
    }

    fn received(&self) -> String {
        self.ports
            .databases
            .text("SELECT coalesce(group_concat(id, ' '), '') FROM (SELECT id FROM inbox ORDER BY id)")
    }
}

const ALL: [Category; 4] = [
    Category::Security,
    Category::Account,
    Category::Bookings,
    Category::Reminders,
];

#[test]
fn everything_is_delivered_until_its_recipient_chooses() {
    let world = World::new();
    for category in ALL {
        assert_eq!(world.deliver(&world.message(category)), Outcome::Delivered);
    }
    assert_eq!(world.received(), "account bookings reminders security");
}

#[test]
fn what_was_turned_off_is_done_with_and_not_delivered() {
    let world = World::new();
    let none = ALL.into_iter().fold(Preferences::default(), |chosen, category| {
        chosen.with(category, false)
    });
    world.choose(none);
    for category in ALL {
        assert_eq!(world.deliver(&world.message(category)), Outcome::Delivered);
    }
    assert_eq!(world.received(), "security");

    world.choose(none.with(Category::Bookings, true));
    assert_eq!(
        world.deliver(&world.message(Category::Bookings)),
        Outcome::Delivered
    );
    assert_eq!(world.received(), "bookings security");
}

#[test]
fn a_choice_that_cannot_be_read_is_waited_for() {
    let world = World::new();
    world.ports.databases.run("DROP TABLE notification_preferences");
    let retry = world.deliver(&world.message(Category::Bookings));
    assert!(matches!(retry, Outcome::Retry { .. }), "{retry:?}");
    assert_eq!(
        world.deliver(&world.message(Category::Security)),
        Outcome::Delivered
    );
    assert_eq!(world.received(), "security");
}

#[test]
fn the_database_itself_keeps_security_on() {
    let world = World::new();
    let store = world.ports.databases.store();
    let refused = preferences::turn_off(&store, world.user, Category::Security, world.ports.clock.now());
    assert!(block_on(refused).is_err());
}
