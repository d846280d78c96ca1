//! The signing keys: made once, and replaced without anybody noticing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jetway_gateway::ports::KeyValue;
use jetway_gateway::sessions::{Grant, Rotation, published_signing_keys};
use jetway_gateway::store::secrets;
use jetway_gateway::test_support::block_on;
use jetway_gateway::tokens::{Issuer, KEY_SET_KEY, published_key_set};

use crate::world::{PASSWORD, ROTATION, TestIssuer, World, at_once};

fn kid(world: &World) -> String {
    let (ports, store) = (&world.ports, world.store());
    let key = published_signing_keys(&store, &ports.key_value, &ports.clock, &ports.entropy, &ROTATION);
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

/// The names of the keys of access tokens that everybody can find, and of those of assertions.
fn published(world: &World) -> (Vec<String>, Vec<String>) {
    let set = block_on(published_key_set(&world.ports.key_value))
        .unwrap()
        .unwrap();
    let names = |assertions: bool| {
        let keys = set
            .keys
            .iter()
            .filter(move |key| key.purpose.is_some() == assertions);
        keys.map(|key| key.kid.clone()).collect()
    };
    (names(false), names(true))
}

fn signed_with(grant: &Grant) -> String {
    let header = grant.access_token.reveal().split('.').next().unwrap();
    let header: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// What an operator's `cargo xtask keys rotate` does.
fn ask_for_successors(world: &World) {
    for table in ["signing_keys", "assertion_keys"] {
        world
            .ports
            .databases
            .run(&format!("UPDATE {table} SET due_at = 'now' WHERE due_at IS NULL"));
    }
}

fn rows(world: &World, table: &str) -> String {
    world
        .ports
        .databases
        .text(&format!("SELECT count(*) FROM {table}"))
}

#[test]
fn the_life_of_a_key_from_its_publication_to_its_end() {
    let world = World::default();
    let advance = |secs| world.ports.clock.advance(Duration::from_secs(secs));
    world.sign_up("ada@example.com");
    let first = signed_with(&world.sign_in("ada@example.com"));
    ask_for_successors(&world);

    // Published at once, to the second: and yet the old one signs.
    advance(10);
    let grant = world.sign_in("ada@example.com");
    assert_eq!(signed_with(&grant), first);
    let (keys, assertions) = published(&world);
    assert_eq!((keys.len(), assertions.len()), (2, 2));
    assert_eq!(keys[1], first);
    advance(599);
    assert_eq!(signed_with(&world.sign_in("ada@example.com")), first);

    // After ten minutes the new one signs. What the old one signed a moment ago is good, and its private half is still there:
    // another instance may not have looked yet.
    let last_of_the_old = world.sign_in("ada@example.com");
    advance(10);
    let grant = world.sign_in("ada@example.com");
    assert_eq!(signed_with(&grant), keys[0]);
    assert!(world.verify(&grant).is_ok() && world.verify(&last_of_the_old).is_ok());
    assert_eq!(rows(&world, "signing_keys"), "2");

    // Half a minute later nobody signs with the old one: its private half is gone. Its tokens are good until their end.
    advance(30);
    world.sign_in("ada@example.com");
    assert_eq!(rows(&world, "signing_keys"), "1");
    assert_eq!(rows(&world, "retired_signing_keys"), "1");
    assert_eq!(published(&world).0, keys);
    advance(559);
    assert!(world.verify(&last_of_the_old).is_ok());

    // Past that, and past what a verifier's clock may be wrong by, it is gone altogether.
    advance(71);
    let grant = world.sign_in("ada@example.com");
    assert_eq!(published(&world).0, [keys[0].clone()]);
    assert_eq!(rows(&world, "retired_signing_keys"), "0");
    assert!(world.verify(&grant).is_ok());

    // The assertions' key likewise, but later: a proxy may hold it for as long as it can get no newer one.
    assert_eq!(published(&world).1, assertions);
    advance(3600);
    world.sign_in("ada@example.com");
    assert_eq!(rows(&world, "assertion_keys"), "1");
    advance(60);
    world.sign_in("ada@example.com");
    assert_eq!(published(&world).1, [assertions[0].clone()]);
}

#[test]
fn a_key_of_ninety_days_gets_a_successor_by_itself_and_so_on() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let mut signed = vec![signed_with(&world.sign_in("ada@example.com"))];
    let mut age = 0;
    for _ in 0..3 {
        let advance = |secs| world.ports.clock.advance(Duration::from_secs(secs));
        advance(90 * 24 * 3600 - age - 60);
        world.sign_in("ada@example.com");
        assert_eq!(rows(&world, "signing_keys"), "1");
        advance(60);
        assert_eq!(
            signed_with(&world.sign_in("ada@example.com")),
            *signed.last().unwrap()
        );
        assert_eq!(rows(&world, "signing_keys"), "2");
        advance(660);
        let grant = world.sign_in("ada@example.com");
        assert!(!signed.contains(&signed_with(&grant)));
        signed.push(signed_with(&grant));
        assert!(world.verify(&grant).is_ok());
        // Retired by now and, in the end, forgotten.
        advance(660);
        world.sign_in("ada@example.com");
        assert_eq!(published(&world).0.len(), 1);
        age = 660 + 660;
    }
}

#[test]
fn any_number_of_instances_at_once_make_one_successor() {
    let world = World::default();
    let first = kid(&world);
    ask_for_successors(&world);
    let kids = at_once(20, |_| kid(&world));
    assert!(kids.iter().all(|kid| *kid == first), "{kids:?}");
    assert_eq!(rows(&world, "signing_keys"), "2");
    assert_eq!(published(&world).0.len(), 2);

    world.ports.clock.advance(Duration::from_secs(631));
    let kids = at_once(20, |_| kid(&world));
    assert!(
        kids.iter().all(|kid| *kid != first && *kid == kids[0]),
        "{kids:?}"
    );
    assert_eq!(rows(&world, "signing_keys"), "1");
    assert_eq!(rows(&world, "retired_signing_keys"), "1");
    assert_eq!(published(&world).0, [kids[0].clone(), first]);

    world.ports.clock.advance(Duration::from_secs(631));
    at_once(20, |_| kid(&world));
    assert_eq!(rows(&world, "retired_signing_keys"), "0");
    assert_eq!(published(&world).0, [kids[0].clone()]);
}

#[test]
fn a_key_does_not_sign_before_it_has_been_published_however_old_it_is() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let first = signed_with(&world.sign_in("ada@example.com"));
    ask_for_successors(&world);
    world.ports.key_value.set_down(true);
    world.ports.clock.advance(Duration::from_secs(10));
    assert!(world.try_sign_in("ada@example.com", PASSWORD).is_err());
    assert_eq!(rows(&world, "signing_keys"), "2");

    world.ports.clock.advance(Duration::from_secs(24 * 3600));
    world.ports.key_value.set_down(false);
    assert_eq!(signed_with(&world.sign_in("ada@example.com")), first);
    assert_eq!(published(&world).0.len(), 2);
}

/// An operator who shortens the tokens' life does not shorten that of tokens that are out.
#[test]
fn a_key_stays_as_long_as_the_longest_token_that_it_signed() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let mut world = World {
        issuer: TestIssuer(Issuer {
            lifetime: Duration::from_secs(7200),
            ..world.issuer.0
        }),
        ..world
    };
    let look = |world: &World, access_tokens| {
        let rotation = Rotation {
            access_tokens: Duration::from_secs(access_tokens),
            ..ROTATION
        };
        let (ports, store) = (&world.ports, world.store());
        let keys = published_signing_keys(&store, &ports.key_value, &ports.clock, &ports.entropy, &rotation);
        block_on(keys).unwrap();
    };
    look(&world, 7200);
    ask_for_successors(&world);
    look(&world, 7200);
    world.ports.clock.advance(Duration::from_secs(599));
    let long = world.sign_in("ada@example.com");
    world.issuer = TestIssuer::default();
    for seconds in [32, 7100] {
        world.ports.clock.advance(Duration::from_secs(seconds));
        look(&world, 60);
        assert!(world.verify(&long).is_ok(), "{seconds}");
    }
    assert_eq!(rows(&world, "signing_keys"), "1");
    world.ports.clock.advance(Duration::from_secs(200));
    look(&world, 60);
    assert_eq!(published(&world).0.len(), 1);
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
