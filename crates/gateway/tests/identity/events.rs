//! Events leave the outbox.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jetway_gateway::domain::{Origin, User};
use jetway_gateway::events::{self, PublishingFailed};
use jetway_gateway::ports::Clock;
use jetway_gateway::store::administration::{self, Act};
use jetway_gateway::store::roles;
use jetway_gateway::test_support::{RecordingPublisher, block_on};
use jsonschema::Validator;
use serde_json::Value;

use crate::world::{World, role};

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

/// Where the catalogue and its schemas are.
fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn schema(name: &str) -> Value {
    let file = docs().join(format!("events/{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("there is no {}", file.display()));
    serde_json::from_str(&text).unwrap()
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(schema).unwrap()
}

/// Everything that is wrong with an event, by the envelope's schema and by that of its type.
pub(crate) fn faults(event: &Value) -> Vec<String> {
    let of_the_type = schema(event["type"].as_str().unwrap());
    let errors = |schema: &Value, instance: &Value| -> Vec<String> {
        let validator = validator(schema);
        validator
            .iter_errors(instance)
            .map(|error| error.to_string())
            .collect()
    };
    let mut faults = errors(&schema("cloudevent"), event);
    faults.extend(errors(&of_the_type, &event["data"]));
    let documented = of_the_type["properties"].as_object().unwrap();
    let members = event["data"].as_object().unwrap().keys();
    faults.extend(
        members
            .filter(|name| !documented.contains_key(*name))
            .map(|name| format!("{name} is not in the schema")),
    );
    faults
}

#[test]
fn every_event_fits_its_schema() {
    let world = World::default();
    let (ada, bob) = (world.sign_up("ada@example.com"), world.sign_up("bob@example.com"));
    let (store, origin) = (world.store(), Origin::default());
    let act = Act {
        actor: ada.id,
        at: world.ports.clock.now(),
        origin: &origin,
    };
    block_on(roles::grant(&store, bob.id, &role("airline"), act)).unwrap();
    block_on(roles::revoke(&store, bob.id, &role("airline"), act)).unwrap();
    block_on(administration::disable(&store, bob.id, act)).unwrap();
    block_on(administration::enable(&store, bob.id, act)).unwrap();
    // The second sign-in is one on another device.
    world.sign_in("ada@example.com");
    world.sign_in("ada@example.com");
    let publisher = RecordingPublisher::default();
    publish(&world, &publisher, &ada).unwrap();
    publish(&world, &publisher, &bob).unwrap();

    let messages = publisher.messages();
    for (_, payload) in &messages {
        let event: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(faults(&event), [""; 0], "{event}");
    }
    assert_eq!(messages.len(), 7);
}

#[test]
fn an_event_that_does_not_fit_is_noticed() {
    let event = serde_json::json!({
        "specversion": "1.0", "id": "x", "source": "/jetway", "type": "com.jetway.role.granted.v1", "time": "yesterday",
        "data": {"user_id": "01940000-0000-7000-8000-00000000000a", "more": 1}
    });
    assert_eq!(faults(&event).len(), 3, "{:?}", faults(&event));
}

/// Every type that a trigger writes is in the catalogue, with a schema.
#[test]
fn the_catalogue_knows_every_type() {
    let catalogue = std::fs::read_to_string(docs().join("events.md")).unwrap();
    let migrations = std::fs::read_dir(docs().join("../migrations")).unwrap();
    let written: BTreeSet<String> = migrations
        .flat_map(|file| types_in(&std::fs::read_to_string(file.unwrap().path()).unwrap()))
        .collect();
    let schemas: BTreeSet<String> = std::fs::read_dir(docs().join("events"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
        .filter(|name| name != "cloudevent")
        .collect();

    for kind in written.union(&schemas) {
        assert!(
            catalogue.contains(&format!("`{kind}`")),
            "docs/events.md lacks {kind}"
        );
        assert_eq!(schema(kind)["title"], kind.as_str());
        validator(&schema(kind));
    }
    assert!(written.contains("com.jetway.user.registered.v1"), "{written:?}");
}

fn types_in(sql: &str) -> Vec<String> {
    let quoted = sql.split('\'').filter(|text| text.starts_with("com.jetway."));
    quoted.map(str::to_owned).collect()
}
