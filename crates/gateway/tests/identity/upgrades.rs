//! Hashes that are made new, and what happens to them meanwhile.

use std::sync::Mutex;

use jetway_gateway::accounts;
use jetway_gateway::domain::{BcryptCost, PepperVersion, Peppers};
use jetway_gateway::hashing::{Hasher, Settings};
use jetway_gateway::sessions::{Client, Credentials, Grant, OutdatedHash, SignInError};
use jetway_gateway::test_support::{TestPorts, block_on};

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
