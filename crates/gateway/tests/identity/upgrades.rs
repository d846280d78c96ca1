//! Hashes that are made new, and what happens to them meanwhile.

use std::cell::RefCell;
use std::sync::Mutex;
use std::time::Duration;

use jetway_gateway::accounts::{self, AccountError, ONE_TIME_TOKENS, TokenMaker};
use jetway_gateway::domain::{BcryptCost, PepperVersion, Peppers, UserId};
use jetway_gateway::hashing::{Hasher, Settings};
use jetway_gateway::ports::{Database, DatabaseError, Row, Value};
use jetway_gateway::sessions::{Client, Credentials, Grant, OutdatedHash, SignInError};
use jetway_gateway::store::{Schema, Store, secrets};
use jetway_gateway::test_support::{Connection, TestPorts, block_on};

use crate::world::{PASSWORD, World, address, at_once, password};

const ADA: &str = "ada@example.com";

fn peppered(world: &World) -> Hasher<'_, TestPorts> {
    let version = PepperVersion::parse("1").unwrap();
    world.ports.hasher_with(Settings {
        cost: BcryptCost::CHEAPEST,
        peppers: Peppers::new("pepper".to_owned(), version, String::new()).unwrap(),
    })
}

fn try_sign_in(world: &World, text: &str) -> Result<Grant, SignInError> {
    let store = world.store();
    let credentials = Credentials {
        email: address(ADA),
        password: Some(password(text)),
        second_factor: None,
    };
    let hasher = peppered(world);
    block_on(
        world
            .sessions(&store)
            .sign_in(credentials, &Client::default(), &hasher),
    )
    .map_err(|refused| refused.why)
}

fn upgrade(world: &World, outdated: Option<OutdatedHash>) {
    if let Some(outdated) = outdated {
        block_on(outdated.upgrade(&world.store(), &peppered(world))).unwrap();
    }
}

fn hash(world: &World) -> String {
    world.ports.databases.text("SELECT password_hash FROM users")
}

fn change_password(world: &World, grant: &Grant, new: &str) {
    let store = world.store();
    let announcer = world.sessions(&store).announcer();
    let passwords = (Some(password(PASSWORD)), &password(new));
    let identity = world.identity(grant);
    block_on(accounts::change_password(
        &store,
        &announcer,
        &identity,
        passwords,
        &peppered(world),
    ))
    .unwrap();
}

#[test]
fn of_many_sign_ins_with_an_old_hash_all_succeed_and_it_is_made_new_once() {
    let world = World::default();
    world.sign_up(ADA);
    let hashes = Mutex::new(std::collections::BTreeSet::new());

    let results = at_once(8, |_| {
        let mut grant = try_sign_in(&world, PASSWORD)?;
        upgrade(&world, grant.outdated.take());
        hashes.lock().unwrap().insert(hash(&world));
        Ok::<_, SignInError>(())
    });

    assert_eq!(results, vec![Ok(()); 8]);
    // Whoever had made one new, or seen that somebody else had, saw the same.
    assert_eq!(hashes.into_inner().unwrap().len(), 1);
    assert!(hash(&world).starts_with("$bcrypt-hmac-sha256$p=1$"));
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM sessions"), "8");
    assert!(try_sign_in(&world, PASSWORD).unwrap().outdated.is_none());
}

#[test]
fn a_password_that_is_changed_before_its_hash_is_made_new_stays_changed() {
    let world = World::default();
    world.sign_up(ADA);
    let mut grant = try_sign_in(&world, PASSWORD).unwrap();
    change_password(&world, &grant, "a brand new password");

    upgrade(&world, grant.outdated.take());

    assert_eq!(
        try_sign_in(&world, PASSWORD).err(),
        Some(SignInError::InvalidCredentials)
    );
    assert!(try_sign_in(&world, "a brand new password").is_ok());
}

/// A connection on which, right before the first statement of this kind, somebody else's sign-in makes the hash new.
struct Overtaken<'a> {
    connection: Connection,
    world: &'a World,
    statement: &'static str,
    outdated: RefCell<Option<OutdatedHash>>,
}

impl Database for Overtaken<'_> {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        if statement.contains(self.statement) {
            upgrade(self.world, self.outdated.take());
        }
        self.connection.execute(statement, parameters).await
    }
}

fn overtaken<'a>(world: &'a World, statement: &'static str) -> Store<Overtaken<'a>> {
    let connection = Overtaken {
        connection: world.ports.databases.connect(),
        world,
        statement,
        outdated: RefCell::new(try_sign_in(world, PASSWORD).unwrap().outdated),
    };
    block_on(Store::open(connection, &Schema::new())).unwrap()
}

fn change_address(
    world: &World,
    user: UserId,
    text: &str,
    store: &Store<impl Database>,
) -> Result<(), AccountError> {
    let secret = secrets::load_or_create(store, ONE_TIME_TOKENS, &world.ports.entropy);
    let maker = TokenMaker {
        secret: &block_on(secret).unwrap(),
        lifetime: Duration::from_secs(60),
        clock: &world.ports.clock,
        entropy: &world.ports.entropy,
    };
    let (email, hasher) = (address("countess@example.com"), peppered(world));
    let password = Some(password(text));
    block_on(accounts::request_email_change(
        store, user, &email, password, &maker, &hasher,
    ))
    .map(drop)
}

fn delete_account(
    world: &World,
    user: UserId,
    text: &str,
    store: &Store<impl Database>,
) -> Result<(), AccountError> {
    let own = world.store();
    let announcer = world.sessions(&own).announcer();
    let (password, hasher) = (Some(password(text)), peppered(world));
    block_on(accounts::delete_account(
        store, &announcer, user, password, &hasher,
    ))
}

#[test]
fn an_account_is_changed_and_deleted_although_its_hash_is_made_new_meanwhile() {
    let world = World::default();
    let ada = world.sign_up(ADA);
    let old = hash(&world);
    let store = overtaken(&world, "INSERT INTO email_change_requests");
    assert_eq!(change_address(&world, ada.id, PASSWORD, &store), Ok(()));
    assert_ne!(hash(&world), old);

    let world = World::default();
    let ada = world.sign_up(ADA);
    let store = overtaken(&world, "INSERT INTO account_deletions");
    assert_eq!(delete_account(&world, ada.id, PASSWORD, &store), Ok(()));
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "0");
}

#[test]
fn a_wrong_password_changes_and_deletes_no_account() {
    let world = World::default();
    let ada = world.sign_up(ADA);
    let (store, wrong) = (world.store(), "a wrong password");
    let refused = Err(AccountError::WrongPassword);
    assert_eq!(change_address(&world, ada.id, wrong, &store), refused);
    assert_eq!(delete_account(&world, ada.id, wrong, &store), refused);
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "1");
}

#[test]
fn a_password_is_changed_although_its_hash_is_made_new_meanwhile() {
    for _ in 0..5 {
        let world = World::default();
        world.sign_up(ADA);
        let grant = try_sign_in(&world, PASSWORD).unwrap();
        let outdated = Mutex::new(try_sign_in(&world, PASSWORD).unwrap().outdated);

        at_once(2, |i| match i {
            0 => change_password(&world, &grant, "a brand new password"),
            _ => {
                let outdated = outdated.lock().unwrap().take();
                upgrade(&world, outdated);
            }
        });

        assert!(try_sign_in(&world, "a brand new password").is_ok());
    }
}
