//! What the booking service tells on `bookings.events` reaches people as mail, and as reminders before departure.

use std::time::{Duration, Instant};

use jetway_tests::app::{INTERNAL_TOKEN, new_email, unique};
use jetway_tests::redis::Redis;
use jetway_tests::{TestApp, User, state};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(60);
const CONFIRMED: &str = "com.jetway.booking.confirmed.v1";
const CANCELLED: &str = "com.jetway.booking.cancelled.v1";
const REMINDER: &str = "com.jetway.booking.reminder.v1";
const HOUR: Duration = Duration::from_secs(3600);

/// What the booking service says now of a booking.
fn event(kind: &str, user: &User, booking: &str, departure: OffsetDateTime) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("{booking}-{}", unique()),
        "source": "/bookings",
        "type": kind,
        "subject": booking,
        "time": OffsetDateTime::now_utc().format(&Rfc3339).unwrap(),
        "datacontenttype": "application/json",
        "data": {
            "booking_id": booking,
            "user_id": user.id,
            "flight": { "number": "LH 400", "from": "FRA", "to": "JFK" },
            "departure_at": departure.format(&Rfc3339).unwrap(),
        },
    })
}

/// The mails of this type to a user.
async fn mails(app: &TestApp, user: &User, kind: &str) -> Vec<Value> {
    let mut messages = app.inbox(&user.email).await;
    messages.retain(|message| message["type"] == kind);
    messages
}

/// Sweeps until a mail of this type is there.
async fn swept(app: &TestApp, user: &User, kind: &str) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        app.sweep().await;
        let messages = mails(app, user, kind).await;
        if !messages.is_empty() {
            return messages;
        }
        assert!(Instant::now() < deadline, "no {kind}: {}", app.log());
        sleep(Duration::from_millis(200)).await;
    }
}

async fn hand_over(app: &TestApp, event: &Value) {
    let call = app.post("/internal/events").token(INTERNAL_TOKEN).json(event);
    call.await.expect_empty(202);
}

#[tokio::test]
async fn a_booking_told_on_redis_is_mailed_at_once_and_reminded_of_when_its_time_comes() {
    let redis = Redis::start();
    let mut platform = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    redis.wait_for_subscribers("bookings.events", 1).await;
    let user = app.new_user().await;
    // Two hours before is in three seconds.
    let departure = OffsetDateTime::now_utc() + 2 * HOUR + Duration::from_secs(3);
    let confirmed = event(CONFIRMED, &user, "b-1", departure);

    for _ in 0..2 {
        redis.publish("bookings.events", &confirmed.to_string()).await;
    }

    let deadline = Instant::now() + PATIENCE;
    while mails(&app, &user, CONFIRMED).await.is_empty() {
        assert!(Instant::now() < deadline, "no mail: {}", app.log());
        sleep(Duration::from_millis(50)).await;
    }
    let reminders = swept(&app, &user, REMINDER).await;
    assert!(reminders[0]["text"].as_str().unwrap().contains("LH 400"));
    app.sweep().await;
    for kind in [CONFIRMED, REMINDER] {
        assert_eq!(mails(&app, &user, kind).await.len(), 1, "{kind}");
    }

    // The platform hears of the reminder from a sweep that finds it waiting.
    let database = state::database(&app.state());
    let waited =
        "UPDATE outbox SET time = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 minute') WHERE type = ?1";
    database.execute(waited, [REMINDER]).unwrap();
    app.sweep().await;
    while platform.next().await["type"] != REMINDER {}
}

#[tokio::test]
async fn an_event_that_is_handed_over_has_arrived_though_redis_is_not_there() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let departure = OffsetDateTime::now_utc() + 2 * HOUR + Duration::from_secs(2);
    let confirmed = event(CONFIRMED, &user, "b-2", departure);
    for _ in 0..2 {
        hand_over(&app, &confirmed).await;
    }
    assert_eq!(swept(&app, &user, CONFIRMED).await.len(), 1);

    hand_over(&app, &event(CANCELLED, &user, "b-2", departure)).await;
    swept(&app, &user, CANCELLED).await;

    sleep(Duration::from_secs(3)).await;
    app.sweep().await;
    assert_eq!(mails(&app, &user, REMINDER).await.len(), 0);
    assert_eq!(mails(&app, &user, CONFIRMED).await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_its_sender_is_told() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let departure = OffsetDateTime::now_utc() + HOUR;
    let send = |event: &Value| app.post("/internal/events").token(INTERNAL_TOKEN).json(event);
    let good = event(CONFIRMED, &user, "b-3", departure);
    let with = |place: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(place).unwrap() = value;
        event
    };

    let unknown_user = with("/data/user_id", json!("01893726-efee-7f02-8fbf-9f2b7bc2f910"));
    let problem = send(&unknown_user).await.expect_problem(422, "invalid_request");
    assert_eq!(problem["errors"][0]["pointer"], "/data/user_id");
    for (event, words) in [
        (with("/data/departure_at", json!("soon")), "data.departure_at"),
        (with("/data/flight", json!("LH 400")), "data"),
        (
            with("/type", json!("com.jetway.booking.imagined.v1")),
            "not taken here",
        ),
        (with("/source", json!("/jetway")), "UUID"),
    ] {
        let problem = send(&event).await.expect_problem(422, "invalid_request");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    }
    let broken = || app.post("/internal/events").token(INTERNAL_TOKEN);
    let json = broken()
        .header("content-type", "application/cloudevents+json")
        .body("{");
    json.await.expect_problem(400, "malformed_json");
    let text = broken().header("content-type", "text/plain").body("{}");
    text.await.expect_problem(415, "unsupported_media_type");
    let call = app.post("/internal/events").json(&good);
    call.await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_malformed_message_is_kept_with_the_reason_and_the_next_one_is_told() {
    let redis = Redis::start();
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    redis.wait_for_subscribers("bookings.events", 1).await;
    let user = app.new_user().await;
    let departure = OffsetDateTime::now_utc() + 48 * HOUR;
    let mut damaged = event(CONFIRMED, &user, "b-4", departure);
    damaged["data"]["departure_at"] = json!("hunter2");
    redis.publish("bookings.events", &damaged.to_string()).await;
    redis.publish("bookings.events", "not an event").await;

    let good = event(CONFIRMED, &user, "b-4", departure);
    redis.publish("bookings.events", &good.to_string()).await;

    swept(&app, &user, CONFIRMED).await;
    let refused = |answer: Value| answer["messages"].as_array().unwrap().clone();
    let deadline = Instant::now() + PATIENCE;
    let messages = loop {
        let call = app.get("/internal/refused-messages").token(INTERNAL_TOKEN);
        let messages = refused(call.await.expect_json(200));
        if messages.len() == 2 {
            break messages;
        }
        assert!(Instant::now() < deadline, "{messages:?}");
        sleep(Duration::from_millis(100)).await;
    };
    let reasons: Vec<_> = messages
        .iter()
        .map(|message| message["reason"].to_string())
        .collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("data.departure_at")),
        "{reasons:?}"
    );
    assert!(
        messages
            .iter()
            .any(|message| message["payload"] == "not an event")
    );
    let log = app.log();
    assert!(
        log.contains("event=message_refused") && !log.contains("hunter2"),
        "{log}"
    );
}

/// A backlog of reminders: drained in batches, in flat memory. (10,000 with JETWAY_BACKLOG=10000; the figures are printed.)
#[tokio::test]
async fn due_reminders_are_drained_in_flat_memory() {
    let count: u32 = std::env::var("JETWAY_BACKLOG").map_or(600, |count| count.parse().unwrap());
    let app = TestApp::start();
    let user = app.sign_up(&new_email()).await.expect_json(201);
    app.sweep().await;
    let backlog = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
        INSERT INTO bookings (id, user_id, cancelled, departure_at, as_of, data) SELECT 'b-' || i, ?1, 0,
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour'), '2026-01-01T00:00:00.000Z',
            json_object('booking_id', 'b-' || i, 'user_id', ?1, 'departure_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour'),
                'flight', json_object('number', 'LH ' || i, 'from', 'FRA', 'to', 'JFK')) FROM n";
    let database = state::database(&app.state());
    database
        .execute(backlog, (user["id"].as_str().unwrap(), count))
        .unwrap();
    let due = "INSERT INTO reminders (booking_id, due_at) SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM bookings";
    database.execute(due, []).unwrap();

    let (started, mut delivered, mut sweeps) = (Instant::now(), 0, 0);
    let drain = async {
        while delivered < u64::from(count) {
            delivered += app.sweep().await["delivered"].as_u64().unwrap();
            sweeps += 1;
            assert!(started.elapsed() < 10 * PATIENCE, "{delivered}");
        }
    };
    let (grew, before) = app.memory_during(drain).await;

    println!(
        "{count} reminders drained by {sweeps} sweeps in {:?}; memory grew by {grew} KiB from {before} KiB",
        started.elapsed()
    );
    assert_eq!(delivered, u64::from(count));
    let told = "SELECT count(DISTINCT subject) FROM inbox WHERE type = ?1";
    assert_eq!(state::number(&app.state(), told, REMINDER), i64::from(count));
    assert!(grew < 64 * 1024, "{grew} KiB");
}
