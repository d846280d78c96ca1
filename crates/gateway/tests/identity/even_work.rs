//! Whoever may not sign in is refused by the same work: so many statements, and so many rounds of a hash.

use std::cell::Cell;

use jetway_gateway::domain::{BcryptCost, Password, PasswordHash, Peppers};
use jetway_gateway::hashing::{Hasher, HashingQueue, Settings};
use jetway_gateway::ports::{Database, DatabaseError, Ports, Row, Value};
use jetway_gateway::sessions::{Client, Credentials, Sessions, SignInError};
use jetway_gateway::store::{Schema, Store};
use jetway_gateway::test_support::{
    Connection, CountingEntropy, MemoryKeyValue, TestClock, TestDatabase, Turns, block_on,
};

use crate::world::{IDLE, LONGEST, PASSWORD, ROTATION, World, address};

/// Statements, and rounds of hashes.
type Work = (usize, usize);

/// What a refusal costs, by a gateway whose hashes are of this cost.
fn work(world: &World, cost: &str, email: &str, password: &str) -> Work {
    let connection = Counting {
        connection: world.ports.databases.connect(),
        statements: Cell::new(0),
    };
    let schema = Schema::new();
    drop(block_on(Store::open(world.ports.databases.connect(), &schema)).unwrap());
    let store = block_on(Store::open(&connection, &schema)).unwrap();
    let ports = CountingPorts {
        world,
        way: Turns::default(),
    };
    let queue = Box::leak(Box::new(HashingQueue::new()));
    let settings = Settings {
        cost: BcryptCost::parse(cost).unwrap(),
        peppers: Peppers::none(),
    };
    let hasher = Hasher::new(&ports, queue, &settings);
    let sessions = Sessions {
        store: &store,
        key_value: &world.ports.key_value,
        clock: &world.ports.clock,
        entropy: &world.ports.entropy,
        keys: &world.keys,
        issuer: &world.issuer.0,
        successors: &world.successors.0,
        refresh_lifetime: IDLE,
        session_lifetime: LONGEST,
        rotation: &ROTATION,
        require_verified_email: true,
    };
    let credentials = Credentials {
        email: address(email),
        password: Password::parse(password.to_owned()).ok(),
        second_factor: None,
    };
    let before = connection.statements.get();
    let answer = block_on(sessions.sign_in(credentials, &Client::default(), &hasher));
    assert_eq!(
        answer.err().map(|refused| refused.why),
        Some(SignInError::InvalidCredentials),
        "{email}"
    );
    (connection.statements.get() - before, ports.way.count())
}

/// A gateway with somebody for each reason not to be let in.
fn world() -> World {
    let world = World::default();
    for name in ["wrong", "disabled", "unverified", "no-password", "old"] {
        world.sign_up(&format!("{name}@example.com"));
    }
    let run = |statement| world.ports.databases.run(statement);
    run("UPDATE users SET email_verified_at = created_at WHERE email NOT LIKE 'unverified@%'");
    run("UPDATE users SET disabled_at = created_at WHERE email LIKE 'disabled@%'");
    run("UPDATE users SET password_hash = '*' WHERE email LIKE 'no-password@%'");
    world
}

fn set_cost(world: &World, email: &str, cost: &str) {
    let nobody = PasswordHash::of_nobody(BcryptCost::parse(cost).unwrap());
    let hash = nobody.as_str();
    world.ports.databases.run(&format!(
        "UPDATE users SET password_hash = '{hash}' WHERE email = '{email}'"
    ));
}

fn all(world: &World, cost: &str) -> Vec<Work> {
    [
        ("unknown@example.com", PASSWORD),
        ("unknown@example.com", "short"),
        ("wrong@example.com", "not the password"),
        ("wrong@example.com", "short"),
        ("disabled@example.com", PASSWORD),
        ("disabled@example.com", "not the password"),
        ("unverified@example.com", "short"),
        ("unverified@example.com", "not the password"),
        ("no-password@example.com", "not the password"),
        ("old@example.com", "not the password"),
    ]
    .map(|(email, password)| work(world, cost, email, password))
    .to_vec()
}

#[test]
fn every_refusal_is_one_statement_and_one_hash() {
    assert_eq!(all(&world(), "4"), vec![(1, 16); 10]);
}

#[test]
fn an_old_hash_that_was_cheaper_is_as_much_work_as_a_new_one() {
    assert_eq!(all(&world(), "6"), vec![(1, 64); 10]);
}

#[test]
fn an_old_hash_that_was_dearer_makes_all_as_much_work_as_that() {
    let world = world();
    set_cost(&world, "old@example.com", "7");
    assert_eq!(all(&world, "4"), vec![(1, 128); 10]);
    set_cost(&world, "old@example.com", "4");
    assert_eq!(all(&world, "4"), vec![(1, 16); 10]);
}

#[test]
fn a_hash_that_nobody_waits_for_is_nobodys_and_makes_no_other_dearer() {
    let world = world();
    set_cost(&world, "old@example.com", "14");
    assert_eq!(work(&world, "4", "unknown@example.com", PASSWORD), (1, 1 << 14));
    for dearer in ["15", "20"] {
        set_cost(&world, "old@example.com", dearer);
        assert_eq!(all(&world, "4"), vec![(1, 16); 10]);
    }
}

#[test]
fn the_highest_cost_is_found_without_looking_at_every_user() {
    let world = world();
    let connection = world.ports.databases.connect();
    let rows = block_on(connection.execute(
        "EXPLAIN QUERY PLAN SELECT substr(password_hash, -56, 2) FROM users WHERE substr(password_hash, -56, 2) <= '14'
         ORDER BY substr(password_hash, -56, 2) DESC LIMIT 1",
        &[],
    ))
    .unwrap();
    let plan = format!("{rows:?}");
    assert!(
        plan.contains("users_by_cost") && !plan.contains("TEMP B-TREE"),
        "{plan}"
    );
}

/// Counts what it is asked.
struct Counting {
    connection: Connection,
    statements: Cell<usize>,
}

impl Database for Counting {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        self.statements.set(self.statements.get() + 1);
        self.connection.execute(statement, parameters).await
    }
}

struct CountingPorts<'a> {
    world: &'a World,
    /// A hash gives way after each round.
    way: Turns,
}

impl Ports for CountingPorts<'_> {
    type Databases = TestDatabase;
    type KeyValue = MemoryKeyValue;
    type Clock = TestClock;
    type Entropy = CountingEntropy;
    type Way = Turns;

    fn databases(&self) -> &TestDatabase {
        &self.world.ports.databases
    }

    fn key_value(&self) -> &MemoryKeyValue {
        &self.world.ports.key_value
    }

    fn clock(&self) -> &TestClock {
        &self.world.ports.clock
    }

    fn entropy(&self) -> &CountingEntropy {
        &self.world.ports.entropy
    }

    fn way(&self) -> &Turns {
        &self.way
    }
}
