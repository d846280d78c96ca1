//! Events on `jetway.events`, as a subscriber of a real Redis server sees them.

use std::time::Duration;

use jetway_tests::TestApp;
use jetway_tests::app::new_email;
use jetway_tests::redis::Redis;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[tokio::test]
async fn a_sign_up_is_told_as_a_cloud_event() {
    let redis = Redis::start();
    let mut events = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    let email = new_email();
    let user = app.sign_up(&email).await.expect_json(201);

    let event = events.next().await;

    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "com.jetway.user.registered.v1");
    assert!(
        event["source"].as_str().is_some_and(|source| !source.is_empty()),
        "{event}"
    );
    assert!(event["id"].as_str().is_some_and(|id| !id.is_empty()), "{event}");
    OffsetDateTime::parse(event["time"].as_str().unwrap(), &Rfc3339).unwrap();
    let data = event["data"].to_string();
    assert!(data.contains(user["id"].as_str().unwrap()), "{event}");
    assert!(!event.to_string().contains("password"), "{event}");
    assert!(!event.to_string().contains("$2b$"), "{event}");
}

#[tokio::test]
async fn each_sign_up_is_told_once_and_a_refused_one_never() {
    let redis = Redis::start();
    let mut events = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    let (ada, bob) = (new_email(), new_email());
    app.sign_up(&ada).await.expect_json(201);
    app.sign_up(&ada).await.expect_problem(409, "email_taken");
    app.sign_up(&bob).await.expect_json(201);

    // Each is registered, and asked to verify the address.
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..4 {
        ids.insert(events.next().await["id"].to_string());
    }

    assert_eq!(ids.len(), 4);
    assert!(events.stays_silent(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn the_outbox_has_the_event_even_when_redis_never_did() {
    let app = TestApp::start();
    let email = new_email();

    let user = app.sign_up(&email).await.expect_json(201);

    assert_eq!(app.mails("user.registered", user["id"].as_str().unwrap()), 1);
}
