//! Starting a session: on a known device or a new one, by who may.

use jetway_gateway::domain::RefreshToken;
use jetway_gateway::domain::{SessionId, User};
use jetway_gateway::ports::{Clock as _, Timestamp};
use jetway_gateway::store::sessions::{NewSession, start};
use jetway_gateway::store::{Rule, StoreError, users};
use jetway_gateway::test_support::block_on;
use serde_json::{Value, json};

use crate::world::{World, at_once};

fn begin(
    world: &World,
    user: &User,
    known_device: bool,
    require_verified: bool,
) -> Result<SessionId, StoreError> {
    let store = world.store();
    let ports = &world.ports;
    let now = ports.clock.now();
    let verified = block_on(users::password_hash(&store, user.id)).unwrap().unwrap();
    let id = SessionId::generate(&ports.clock, &ports.entropy);
    let session = NewSession {
        id,
        user: user.id,
        verified: &verified,
        second_factor: None,
        refresh_token: &RefreshToken::generate(&ports.entropy).hash(),
        client_address: Some("192.0.2.7"),
        user_agent: Some("curl/8"),
        started_at: now,
        expires_at: Timestamp::from_millis(now.as_millis() + 1000),
        ends_at: Timestamp::from_millis(now.as_millis() + 2000),
        known_device,
        require_verified,
    };
    block_on(start(&store, &session)).map(|()| id)
}

const NEWS: &str = "SELECT count(*) FROM outbox WHERE type = 'com.jetway.signin.new_device.v1'";

#[test]
fn a_sign_in_on_a_new_device_is_news_unless_it_is_the_first() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    begin(&world, &ada, false, false).unwrap();
    begin(&world, &ada, true, false).unwrap();
    assert_eq!(world.ports.databases.text(NEWS), "0");

    // Also when all there were are long over.
    world
        .ports
        .clock
        .advance(std::time::Duration::from_secs(400 * 86_400));
    let session = begin(&world, &ada, false, false).unwrap();

    assert_eq!(world.ports.databases.text(NEWS), "1");
    let data = "SELECT data FROM outbox WHERE type = 'com.jetway.signin.new_device.v1'";
    let data: Value = serde_json::from_str(&world.ports.databases.text(data)).unwrap();
    assert_eq!(
        data,
        json!({"user_id": ada.id, "session_id": session, "client_address": "192.0.2.7", "user_agent": "curl/8"})
    );
}

#[test]
fn of_first_sign_ins_at_once_all_but_one_are_news() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let begun = at_once(10, |_| begin(&world, &ada, false, false).is_ok());
    assert_eq!(begun, vec![true; 10]);
    assert_eq!(world.ports.databases.text(NEWS), "9");
}

#[test]
fn a_session_knows_its_absolute_end() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    begin(&world, &ada, true, false).unwrap();
    let end = world.ports.databases.text("SELECT ends_at FROM sessions");
    assert_eq!(end, "2026-01-02T03:04:07.678Z");
}

#[test]
fn who_is_disabled_or_has_not_verified_what_must_be_starts_none() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let refused = Err(StoreError::Refused(Rule::CredentialsChanged));
    assert_eq!(begin(&world, &ada, false, true), refused);
    world
        .ports
        .databases
        .run("UPDATE users SET email_verified_at = created_at");
    assert!(begin(&world, &ada, false, true).is_ok());
    world
        .ports
        .databases
        .run("UPDATE users SET disabled_at = created_at");
    assert_eq!(begin(&world, &ada, false, false), refused);
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM sessions"), "1");
    assert_eq!(world.ports.databases.text(NEWS), "0");
}
