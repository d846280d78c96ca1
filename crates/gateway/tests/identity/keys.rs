//! The signing key.

use std::time::Duration;

use jetway_gateway::ports::KeyValue;
use jetway_gateway::sessions::published_signing_keys;
use jetway_gateway::store::secrets;
use jetway_gateway::test_support::block_on;
use jetway_gateway::tokens::{KEY_SET_KEY, published_key_set};

use crate::world::{World, at_once};

fn kid(world: &World) -> String {
    let (ports, store) = (&world.ports, world.store());
    let key = published_signing_keys(&store, &ports.key_value, &ports.clock, &ports.entropy);
    block_on(key).unwrap().access_tokens.kid().to_owned()
}

#[test]
fn instances_that_start_at_once_agree_on_one_key() {
    let world = World::default();
    world.store();
    let kids = at_once(20, |_| kid(&world));
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    assert_eq!(
        world.ports.databases.text("SELECT count(*) FROM signing_keys"),
        "1"
    );
    assert_eq!(
        world.ports.databases.text("SELECT count(*) FROM assertion_keys"),
        "1"
    );
    let set = block_on(published_key_set(&world.ports.key_value))
        .unwrap()
        .unwrap();
    // One for each purpose.
    assert_eq!(set.keys.len(), 2);
    assert_eq!((&set.keys[0].kid, &set.keys[0].purpose), (&kids[0], &None));
    assert_eq!(set.keys[1].purpose.as_deref(), Some("assertion"));
    assert_ne!(set.keys[0].x, set.keys[1].x);
}

#[test]
fn the_private_half_is_not_published() {
    let world = World::default();
    kid(&world);
    let published = block_on(world.ports.key_value.get(KEY_SET_KEY)).unwrap().unwrap();
    let published: serde_json::Value = serde_json::from_slice(&published).unwrap();
    let members = |key: usize| {
        let key = published["keys"][key].as_object().unwrap();
        key.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(members(0), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        members(1),
        [
            "alg",
            "crv",
            "https://jetway.dev/purpose",
            "kid",
            "kty",
            "use",
            "x"
        ]
    );
}

#[test]
fn a_key_outlives_the_instance_that_made_it() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let restarted = World {
        ports: world.ports,
        ..World::default()
    };
    assert!(restarted.verify(&grant).is_ok());
    assert!(restarted.verify(&restarted.sign_in("ada@example.com")).is_ok());
    assert_eq!(
        restarted
            .ports
            .databases
            .text("SELECT count(*) FROM signing_keys"),
        "1"
    );
}

#[test]
fn published_keys_that_are_lost_or_damaged_come_back_with_the_next_sign_in() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    for lose in [None, Some("no json")] {
        match lose {
            None => world.ports.key_value.clear(),
            Some(damage) => block_on(world.ports.key_value.set(KEY_SET_KEY, damage.as_bytes())).unwrap(),
        }
        assert!(world.verify(&grant).is_err());
        world.ports.clock.advance(Duration::from_secs(10));
        world.sign_in("ada@example.com");
        assert!(world.verify(&grant).is_ok());
    }
}

#[test]
fn instances_that_make_a_secret_at_once_agree_on_one() {
    let world = World::default();
    drop(world.store());
    let secrets = at_once(20, |_| {
        let store = world.store();
        let secret = block_on(secrets::load_or_create(&store, "x", &world.ports.entropy));
        secret.unwrap().reveal().to_owned()
    });
    assert!(secrets.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(
        world.ports.databases.text("SELECT count(*) FROM server_secrets"),
        "1"
    );
    let another = block_on(secrets::load_or_create(&world.store(), "y", &world.ports.entropy));
    assert_ne!(another.unwrap().reveal(), &secrets[0]);
}
