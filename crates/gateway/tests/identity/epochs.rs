//! What access tokens say of a user holds, or they are refused.

use std::time::Duration;

use jetway_gateway::Failure;
use jetway_gateway::accounts::{self, ONE_TIME_TOKENS, TokenMaker, one_time_token};
use jetway_gateway::domain::{OneTimeTokenId, Origin, User};
use jetway_gateway::ports::KeyValueError;
use jetway_gateway::sessions::{Grant, published_signing_keys, renounce};
use jetway_gateway::store::administration::Act;
use jetway_gateway::store::{Rule, Store, StoreError, roles, secrets};
use jetway_gateway::test_support::{Connection, block_on};

use crate::world::{PASSWORD, ROTATION, World, address, at_once, password, role};

/// What goes wrong with an act of these tests.
#[derive(Debug, PartialEq)]
struct Failed(Failure);

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn grant_role(world: &World, store: &Store<Connection>, user: &User, name: &str) -> Result<(), Failed> {
    let ports = &world.ports;
    let act = async || {
        let act = Act {
            actor: user.id,
            at: jetway_gateway::ports::Clock::now(&ports.clock),
            origin: &Origin::default(),
        };
        Ok(roles::grant(store, user.id, &role(name), act).await?)
    };
    block_on(renounce(&ports.key_value, user.id, act))
}

fn revoke_role(world: &World, store: &Store<Connection>, user: &User, name: &str) {
    let act = Act {
        actor: user.id,
        at: jetway_gateway::ports::Clock::now(&world.ports.clock),
        origin: &Origin::default(),
    };
    block_on(roles::revoke(store, user.id, &role(name), act)).unwrap();
}

fn refresh(world: &World, grant: &Grant) -> Grant {
    let store = world.store();
    block_on(world.sessions(&store).refresh(&grant.refresh_token)).unwrap()
}

/// As a gateway does that finds no keys in the key-value store.
fn publish_again(world: &World) {
    let ports = &world.ports;
    let store = world.store();
    block_on(published_signing_keys(
        &store,
        &ports.key_value,
        &ports.clock,
        &ports.entropy,
        &ROTATION,
    ))
    .unwrap();
}

#[test]
fn a_token_from_before_a_change_is_refused_and_the_session_goes_on() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let before = world.sign_in("ada@example.com");
    grant_role(&world, &world.store(), &ada, "airline").unwrap();
    assert!(world.verify(&before).is_err());
    let after = refresh(&world, &before);
    assert!(world.identity(&after).has_role(&role("airline")));
    assert_eq!(
        world
            .ports
            .databases
            .text("SELECT count(*) FROM sessions WHERE ended_at IS NULL"),
        "1"
    );
}

#[test]
fn a_change_of_one_user_is_nothing_to_another() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let bob = world.sign_in("bob@example.com");
    grant_role(&world, &world.store(), &ada, "airline").unwrap();
    assert!(world.verify(&bob).is_ok());
}

#[test]
fn a_change_that_cannot_be_told_to_the_verifiers_is_not_made() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.ports.key_value.set_down(true);
    let failed = grant_role(&world, &world.store(), &ada, "airline");
    assert!(
        matches!(failed, Err(Failed(Failure::KeyValue(KeyValueError(_))))),
        "{failed:?}"
    );
    let airlines = "SELECT count(*) FROM user_roles WHERE role = 'airline'";
    assert_eq!(world.ports.databases.text(airlines), "0");
}

#[test]
fn a_change_that_is_refused_says_why() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    assert_eq!(
        grant_role(&world, &world.store(), &ada, "nosuchrole"),
        Err(Failed(StoreError::Refused(Rule::UnknownRole).into()))
    );
}

/// Whatever comes in between: a token that is good says what holds.
#[test]
fn of_refreshes_and_changes_at_once_no_good_token_says_what_held_before() {
    for _ in 0..10 {
        let world = World::default();
        let ada = world.sign_up("ada@example.com");
        let grants: Vec<_> = (0..6).map(|_| world.sign_in("ada@example.com")).collect();
        let grants = at_once(grants.len() + 1, |i| match grants.get(i) {
            Some(grant) => Some(refresh(&world, grant)),
            None => {
                grant_role(&world, &world.store(), &ada, "airline").unwrap();
                None
            }
        });
        for grant in grants.iter().flatten() {
            if let Ok(identity) = world.verify(grant) {
                assert!(identity.has_role(&role("airline")), "{:?}", identity.roles());
            }
        }
    }
}

#[test]
fn what_the_store_loses_is_back_before_any_token_is_good_again() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let signed_out = world.sign_in("bob@example.com");
    let open = world.sign_in("bob@example.com");
    let store = world.store();
    grant_role(&world, &store, &ada, "airline").unwrap();
    let changed = world.sign_in("ada@example.com");
    let identity = world.identity(&signed_out);
    let announcer = world.sessions(&store).announcer();
    block_on(jetway_gateway::sessions::end(
        &store,
        &announcer,
        identity.user(),
        jetway_gateway::store::sessions::Which::Only(identity.session()),
        jetway_gateway::store::sessions::EndReason::SignedOut,
    ))
    .unwrap();
    revoke_role(&world, &store, &ada, "airline");

    world.ports.key_value.clear();

    for grant in [&signed_out, &open, &changed] {
        assert!(world.verify(grant).is_err());
    }
    publish_again(&world);
    assert!(world.verify(&signed_out).is_err());
    assert!(world.verify(&changed).is_err());
    assert!(world.verify(&open).is_ok());
    let next = refresh(&world, &changed);
    assert!(!world.identity(&next).has_role(&role("airline")));
}

#[test]
fn a_disabled_account_is_restored_as_one() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let before = world.sign_in("ada@example.com");
    world.ports.databases.run(&format!(
        "UPDATE users SET disabled_at = '2026-01-02T03:04:05.678Z' WHERE id = '{}'",
        ada.id
    ));
    world.ports.key_value.clear();
    publish_again(&world);
    assert!(world.verify(&before).is_err());
}

/// Asks for another address and uses the token of the mail.
fn change_address(world: &World, user: &User, email: &str) {
    let store = world.store();
    let secret = secrets::load_or_create(&store, ONE_TIME_TOKENS, &world.ports.entropy);
    let secret = block_on(secret).unwrap();
    let maker = TokenMaker {
        secret: &secret,
        lifetime: Duration::from_secs(60),
        clock: &world.ports.clock,
        entropy: &world.ports.entropy,
    };
    let (password, hasher) = (Some(password(PASSWORD)), world.ports.hasher());
    let email = address(email);
    let asked = accounts::request_email_change(&store, user.id, &email, password, &maker, &hasher);
    block_on(asked).unwrap();
    let id = world
        .ports
        .databases
        .text("SELECT id FROM one_time_tokens WHERE purpose = 'change_email'");
    let token = one_time_token(&secret, OneTimeTokenId::parse(&id).unwrap());
    let announcer = world.sessions(&store).announcer();
    block_on(accounts::verify_email(
        &store,
        &announcer,
        &token,
        Some(user.id),
        &maker,
    ))
    .unwrap();
}

#[test]
fn a_token_that_says_the_old_address_is_refused_and_stays_so_and_the_session_goes_on() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let before = world.sign_in("ada@example.com");
    change_address(&world, &ada, "countess@example.com");
    assert!(world.verify(&before).is_err());
    let after = refresh(&world, &before);
    assert_eq!(world.identity(&after).email().as_str(), "countess@example.com");

    world.ports.key_value.clear();
    publish_again(&world);
    assert!(world.verify(&before).is_err());
}

#[test]
fn the_tokens_of_a_deleted_user_stay_worthless_when_the_store_is_lost() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let (gone, other) = (world.sign_in("ada@example.com"), world.sign_in("bob@example.com"));
    let store = world.store();
    let announcer = world.sessions(&store).announcer();
    let (password, hasher) = (Some(password(PASSWORD)), world.ports.hasher());
    let deleted = accounts::delete_account(&store, &announcer, ada.id, password, &hasher);
    block_on(deleted).unwrap();
    assert!(world.verify(&gone).is_err());

    // As long as a token may live, and no time has passed at the last of it.
    for _ in 0..2 {
        world.ports.key_value.clear();
        publish_again(&world);
        assert!(world.verify(&gone).is_err());
        world
            .ports
            .clock
            .advance(ROTATION.access_tokens - Duration::from_secs(1));
    }
    let again = refresh(&world, &other);
    assert!(world.verify(&again).is_ok());
}
