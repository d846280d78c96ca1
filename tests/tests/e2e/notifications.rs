//! Mail arrives, once, whatever becomes of Redis and of those who deliver it. It goes to the inbox, as it does where no provider is
//! named.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jetway_tests::app::{INTERNAL_TOKEN, new_email};
use jetway_tests::provider::Provider;
use jetway_tests::redis::Redis;
use jetway_tests::setup::{Setup, unused_port};
use jetway_tests::{TestApp, state};
use serde_json::Value;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a sign-up is greeted with. It has other mail too, such as a question whose address it is.
const GREETING: &str = "com.jetway.user.registered.v1";

/// The greetings in the inbox of this address.
async fn greetings_of(app: &TestApp, email: &str) -> Vec<Value> {
    let mut messages = app.inbox(email).await;
    messages.retain(|message| message["type"] == GREETING);
    messages
}

/// Waits until this address has been greeted.
async fn greetings_to(app: &TestApp, email: &str) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let messages = greetings_of(app, email).await;
        if !messages.is_empty() {
            return messages;
        }
        assert!(Instant::now() < deadline, "no mail to {email}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// A figure of the notifications that are greetings, such as `count(*)`.
fn of_greetings(app: &TestApp, figure: &str, state: &str) -> i64 {
    let query = format!(
        "SELECT coalesce({figure}, 0) FROM notifications JOIN outbox USING (id)
         WHERE type = '{GREETING}' AND state = ?1"
    );
    state::number(&app.state(), &query, state)
}

async fn sign_up_many(app: &TestApp, count: usize) -> Vec<String> {
    let emails: Vec<_> = (0..count).map(|_| new_email()).collect();
    for email in &emails {
        app.sign_up(email).await.expect_json(201);
    }
    emails
}

#[tokio::test]
async fn a_greeting_arrives_with_the_wake_up_and_no_sweep() {
    let redis = Redis::start();
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    redis.wait_for_subscribers("jetway.events", 1).await;
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    let messages = greetings_to(&app, &email).await;

    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(message["to"], email.as_str());
    assert_eq!(message["type"], "com.jetway.user.registered.v1");
    for part in ["id", "subject", "text", "html", "created_at"] {
        assert!(
            message[part].as_str().is_some_and(|text| !text.is_empty()),
            "{part} of {message}"
        );
    }
}

#[tokio::test]
async fn without_redis_the_sweep_delivers_and_a_second_one_finds_nothing() {
    let app = TestApp::start();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    let first = app.sweep().await;
    let second = app.sweep().await;

    assert!(first["delivered"].as_u64() >= Some(1), "{first}");
    let nothing = serde_json::json!({"claimed": 0, "delivered": 0, "failed": 0, "dead": 0});
    assert_eq!(second, nothing);
    assert_eq!(greetings_of(&app, &email).await.len(), 1);
}

#[tokio::test]
async fn the_newest_mail_comes_first_and_an_address_is_one_in_any_case() {
    let app = TestApp::start();
    let email = new_email();
    let user = app.sign_up(&email).await.expect_json(201);
    app.sweep().await;
    let role = format!("/api/v1/users/{}/roles/airline", user["id"].as_str().unwrap());
    app.put(&role).by(app.admin().await).await.expect_empty(204);
    app.sweep().await;

    let messages = app.inbox(&email.to_uppercase()).await;

    let types: Vec<_> = messages
        .iter()
        .map(|message| message["type"].as_str().unwrap())
        .collect();
    let place = |kind| types.iter().position(|found| *found == kind).unwrap();
    assert!(place("com.jetway.role.granted.v1") < place(GREETING), "{types:?}");
}

#[tokio::test]
async fn the_routes_are_for_whoever_knows_the_token_and_nowhere_without_one() {
    let app = TestApp::start();
    for (method, path) in [
        ("POST", "/internal/notifications/sweep"),
        ("GET", "/internal/inbox?to=a@example.com"),
    ] {
        let call = || app.call(method.parse().unwrap(), path);
        call().await.expect_problem(401, "unauthenticated");
        call().token("wrong").await.expect_problem(401, "invalid_token");
        call().token(INTERNAL_TOKEN).await.expect_json(200);
    }
    app.get("/internal/ready").await.expect_problem(404, "not_found");
    app.get("/internal/inbox?to=nobody")
        .token(INTERNAL_TOKEN)
        .await
        .expect_problem(422, "invalid_request");

    let closed = app.another_with(&[("internal_token", "")]);
    closed
        .post("/internal/notifications/sweep")
        .token(INTERNAL_TOKEN)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused_by_name() {
    let app = TestApp::with(&[("internal_token", "two words")]);

    let answer = app.get("/readyz").await.expect_problem(503, "misconfigured");

    assert!(answer.to_string().contains("`internal_token`"), "{answer}");
}

/// Every message reaches every process that listens, and all of them sweep too; the provider counts.
#[tokio::test]
async fn two_gateways_and_two_that_deliver_mail_nobody_twice() {
    const SIGN_UPS: usize = 50;
    let (redis, provider) = (Redis::start(), Provider::open());
    let setup = Setup::usual()
        .mailing_through(&provider)
        .with(&[("redis_url", &redis.url())]);
    let gateways = setup.clone().without_redis_trigger().start_several(2);
    let _deliverers = [
        setup.clone().only("notification").launch(),
        setup.only("notification").launch(),
    ];
    redis.wait_for_subscribers("jetway.events", 2).await;

    let (half, rest) = (SIGN_UPS / 2, SIGN_UPS - SIGN_UPS / 2);
    tokio::join!(sign_up_many(&gateways[0], half), sign_up_many(&gateways[1], rest));
    tokio::join!(gateways[0].sweep_all(), gateways[1].sweep_all());

    // A greeting, and the question whose address it is.
    let app = &gateways[0];
    let deadline = Instant::now() + PATIENCE;
    while app.notifications("done") < 2 * SIGN_UPS {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(100)).await;
    }
    let times = provider.times();
    assert_eq!(times.len(), 2 * SIGN_UPS);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[tokio::test]
async fn a_wake_up_that_comes_again_or_makes_no_sense_does_nothing() {
    let redis = Redis::start();
    let mut events = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    redis.wait_for_subscribers("jetway.events", 2).await;
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    let event = events.next().await;
    greetings_to(&app, &email).await;

    for message in [
        &event.to_string(),
        "",
        "{}",
        "nonsense",
        r#"{"id":"x","source":"/jetway"}"#,
    ] {
        assert_eq!(redis.publish("jetway.events", message).await, 2);
    }
    // Messages are handled in their order: when the next greeting is there, those before have been dealt with.
    let next = new_email();
    app.sign_up(&next).await.expect_json(201);
    greetings_to(&app, &next).await;

    assert_eq!(greetings_of(&app, &email).await.len(), 1);
    let query = "SELECT attempts FROM notifications WHERE id = ?1";
    assert_eq!(
        state::number(&app.state(), query, event["id"].as_str().unwrap()),
        1
    );
    assert!(app.log().contains("message_refused"), "{}", app.log());
}

/// Stopped during the sign-ups and started again; what nobody was woken for meanwhile is the sweep's. (500 with JETWAY_SIGN_UPS=500;
/// the figures are printed, and none is asserted.)
#[tokio::test]
async fn a_redis_that_is_away_costs_no_sign_up_anything_and_every_greeting_is_delivered() {
    let count: usize = std::env::var("JETWAY_SIGN_UPS").map_or(100, |count| count.parse().unwrap());
    let port = unused_port();
    let redis = Redis::on(port);
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    redis.wait_for_subscribers("jetway.events", 1).await;

    let (mut emails, mut there) = timed_sign_ups(&app, count.div_ceil(4)).await;
    redis.kill();
    let (more, away) = timed_sign_ups(&app, count / 2).await;
    emails.extend(more);
    let redis = Redis::on(port);
    redis.wait_for_subscribers("jetway.events", 1).await;
    let (more, again) = timed_sign_ups(&app, count - emails.len()).await;
    emails.extend(more);
    there.extend(again);
    app.sweep_all().await;

    for email in &emails {
        assert_eq!(greetings_to(&app, email).await.len(), 1, "{email}");
    }
    let (with, without) = (median(there), median(away));
    println!(
        "{count} sign-ups, median: {with:?} with Redis, {without:?} without, ratio {:.2}",
        without.as_secs_f64() / with.as_secs_f64()
    );
}

/// Signs up one after the other, and gives the addresses and how long each took.
async fn timed_sign_ups(app: &TestApp, count: usize) -> (Vec<String>, Vec<Duration>) {
    let (mut emails, mut times) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (email, started) = (new_email(), Instant::now());
        app.sign_up(&email).await.expect_json(201);
        times.push(started.elapsed());
        emails.push(email);
    }
    (emails, times)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Killed wherever it happens to be, again and again.
#[tokio::test]
async fn who_is_killed_while_delivering_loses_nothing() {
    let mut app = TestApp::start();
    let emails = sign_up_many(&app, 120).await;

    for round in 0..6 {
        let sweep = app
            .post("/internal/notifications/sweep")
            .token(INTERNAL_TOKEN)
            .start();
        let killed_after = Duration::from_millis(20 + 25 * round);
        // What the sweep would have answered dies with it.
        tokio::select! { _ = sweep => {}, () = sleep(killed_after) => {} }
        app.crash_and_restart();
        app.end_leases();
    }
    app.sweep_all().await;

    assert_eq!(of_greetings(&app, "count(*)", "done"), 120);
    let mut ids = BTreeSet::new();
    for email in &emails {
        let messages = greetings_of(&app, email).await;
        assert_eq!(messages.len(), 1, "{email}");
        ids.insert(messages[0]["id"].to_string());
    }
    assert_eq!(ids.len(), 120);
}

#[tokio::test]
async fn an_administrator_sees_what_was_given_up_and_has_it_tried_again() {
    let app = TestApp::start();
    let (email, user) = (new_email(), app.new_user().await);
    app.sign_up(&email).await.expect_json(201);
    // A broken event cannot be rendered, now or ever.
    let database = state::database(&app.state());
    let breaks = "UPDATE outbox SET data = json_set(data, '$.email', 'nobody')
        WHERE json_extract(data, '$.email') = ?1 AND type = 'com.jetway.user.registered.v1'";
    database.execute(breaks, [&email]).unwrap();
    let tally = app.sweep().await;
    assert_eq!(tally["dead"], 1, "{tally}");

    let path = "/api/v1/notifications?state=dead&limit=10";
    app.get(path).await.expect_problem(401, "unauthenticated");
    app.get(path).by(&user).await.expect_problem(403, "forbidden");
    let admin = app.admin().await;
    let dead = app.get(path).by(admin).await.expect_json(200);
    let list = dead["notifications"].as_array().unwrap();
    assert_eq!((list.len(), &dead["next_cursor"]), (1, &Value::Null), "{dead}");
    assert_eq!(list[0]["type"], "com.jetway.user.registered.v1");
    assert_eq!(
        (&list[0]["state"], &list[0]["attempts"]),
        (&"dead".into(), &1.into())
    );
    assert!(
        list[0]["last_error"]
            .as_str()
            .is_some_and(|words| !words.is_empty()),
        "{dead}"
    );

    let mends = "UPDATE outbox SET data = json_set(data, '$.email', ?1) WHERE json_extract(data, '$.email') = 'nobody'";
    database.execute(mends, [&email]).unwrap();
    let retry = format!("/api/v1/notifications/{}/retry", list[0]["id"].as_str().unwrap());
    app.post(&retry).by(&user).await.expect_problem(403, "forbidden");
    let retried = app.post(&retry).by(admin).await.expect_json(202);
    assert_eq!(retried["state"], "pending");
    app.post(&retry)
        .by(admin)
        .await
        .expect_problem(409, "notification_not_dead");
    app.post("/api/v1/notifications/none/retry")
        .by(admin)
        .await
        .expect_problem(404, "not_found");
    app.sweep().await;

    assert_eq!(greetings_of(&app, &email).await.len(), 1);
    let acts = "SELECT group_concat(action, ' ') FROM audit_log WHERE action LIKE ?1";
    assert_eq!(
        state::text(&app.state(), acts, "notification.%"),
        "notification.dead notification.retried"
    );
}

#[tokio::test]
async fn the_list_has_pages_and_knows_four_states() {
    let app = TestApp::start();
    sign_up_many(&app, 3).await;
    app.sweep().await;
    let admin = app.admin().await;

    let mut ids = BTreeSet::new();
    let mut path = "/api/v1/notifications?state=done&limit=2".to_owned();
    for _ in 0..20 {
        let page = app.get(&path).by(admin).await.expect_json(200);
        let list = page["notifications"].as_array().unwrap();
        assert!(list.len() <= 2, "{page}");
        ids.extend(list.iter().map(|notification| notification["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/notifications?state=done&limit=2&cursor={cursor}");
    }

    let query = "SELECT count(*) FROM notifications WHERE state = ?1";
    let done = state::number(&app.state(), query, "done");
    assert_eq!(i64::try_from(ids.len()).unwrap(), done);
    assert!(done >= 3);
    app.get("/api/v1/notifications?state=lost")
        .by(admin)
        .await
        .expect_problem(422, "invalid_request");
}
