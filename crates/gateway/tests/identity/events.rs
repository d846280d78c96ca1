//! Events leave the outbox.

use jetway_gateway::domain::User;
use jetway_gateway::events::{self, PublishingFailed};
use jetway_gateway::test_support::{RecordingPublisher, block_on};
use serde_json::Value;

use crate::world::World;

fn publish(world: &World, publisher: &RecordingPublisher, user: &User) -> Result<(), PublishingFailed> {
    block_on(events::publish(
        &world.store(),
        publisher,
        &world.ports.clock,
        user.id,
    ))
}

#[test]
fn a_sign_up_is_published_once() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let publisher = RecordingPublisher::default();
    publish(&world, &publisher, &ada).unwrap();
    publish(&world, &publisher, &ada).unwrap();
    let messages = publisher.messages();
    assert_eq!(messages.len(), 1);
    let (channel, payload) = &messages[0];
    assert_eq!(channel, "jetway.events");
    let event: Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(event["type"], "com.jetway.user.registered.v1");
    assert_eq!(event["subject"], ada.id.to_string());
    assert_eq!(event["time"], "2026-01-02T03:04:05.678Z");
    assert_eq!(
        event["data"],
        serde_json::json!({"user_id": ada.id, "email": "ada@example.com"})
    );
    let id = uuid::Uuid::parse_str(event["id"].as_str().unwrap()).unwrap();
    assert_eq!(
        (id.get_version_num(), id.get_variant()),
        (7, uuid::Variant::RFC4122)
    );
}

#[test]
fn what_could_not_be_published_waits_in_the_outbox() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let failed = publish(&world, &RecordingPublisher::down(), &ada);
    assert!(matches!(failed, Err(PublishingFailed::Broker(_))));
    let publisher = RecordingPublisher::default();
    publish(&world, &publisher, &ada).unwrap();
    assert_eq!(publisher.messages().len(), 1);
}

#[test]
fn only_what_happened_to_the_user_is_published() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let bob = world.sign_up("bob@example.com");
    let publisher = RecordingPublisher::default();
    publish(&world, &publisher, &bob).unwrap();
    assert_eq!(publisher.messages().len(), 1);
}

#[test]
fn ids_of_events_grow_with_time() {
    let world = World::default();
    for i in 0..20 {
        world.sign_up(&format!("user{i}@example.com"));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let unordered = "SELECT count(*) FROM outbox AS a JOIN outbox AS b ON a.rowid < b.rowid AND a.id > b.id";
    assert_eq!(world.ports.databases.text(unordered), "0");
}
