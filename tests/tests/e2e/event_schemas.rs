//! Every event that docs/events.md promises happens, and is as its JSON Schema says: those of the gateway as they are published on
//! Redis, those of bookings as the demo's booking service publishes them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::redis::{Redis, Subscriber};
use jetway_tests::setup::unused_port;
use jetway_tests::totp::Device;
use jetway_tests::upstream::Upstream;
use jetway_tests::{TestApp, User, prerequisites, state};
use serde_json::{Value, json};
use tokio::time::sleep;

const BOOKINGS: &str = "bookings.events";

/// No act of anybody makes it: it comes when its time has come.
const REMINDER: &str = "com.jetway.booking.reminder.v1";

fn documentation(file: &str) -> String {
    let file = prerequisites::workspace().join("docs").join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("there is no {}", file.display()))
}

/// The types that docs/events.md lists under the heading that begins so.
fn catalogue(heading: &str) -> BTreeSet<String> {
    let catalogue = documentation("events.md");
    let (_, section) = catalogue.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| [`"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

fn faults_by(schema: &str, instance: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(&documentation(&format!("events/{schema}.json"))).unwrap();
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    let errors = validator.iter_errors(instance);
    errors.map(|error| error.to_string()).collect()
}

#[track_caller]
fn assert_fits(event: &Value) {
    let mut faults = faults_by("cloudevent", event);
    faults.extend(faults_by(event["type"].as_str().unwrap(), &event["data"]));
    assert_eq!(faults, [""; 0], "{event}");
}

/// Listens until nothing comes any more, and gives the types of what came, which all fits its schema.
async fn types_heard(events: &mut Subscriber) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    while let Some(event) = events.next_within(Duration::from_secs(2)).await {
        assert_fits(&event);
        types.insert(event["type"].as_str().unwrap().to_owned());
    }
    types
}

#[tokio::test]
async fn whatever_the_gateway_tells_happens_and_fits_its_schema() {
    let redis = Redis::start();
    let mut events = redis.subscribe("jetway.events").await;
    let app = TestApp::with(&[("redis_url", &redis.url())]);

    let user = app.new_unverified_user().await;
    a_token_is_stolen(&app, &user).await;
    somebody_signs_in_elsewhere(&app, &user).await;
    an_administrator_acts_on(&app, &user).await;
    let user = app.signed_in_again(&user).await;
    addresses_are_verified_and_changed(&app, &user).await;
    // The new address has made the access token one of the past.
    let user = User::from_answer(&app.refresh(&user).await.expect_json(200), PASSWORD);
    passwords_are_forgotten_and_changed(&app).await;
    a_second_factor_comes_and_goes(&app).await;
    app.delete("/api/v1/me")
        .by(&user)
        .json(&json!({"password": PASSWORD}))
        .await
        .expect_empty(204);

    let heard = types_heard(&mut events).await;
    let mut promised = catalogue("## From the gateway");
    assert!(promised.remove(REMINDER));
    assert_eq!(heard, promised);
    // An account that is gone has taken its rows along; what is left has been published.
    let kept = types_in_the_outbox(&app);
    assert!(heard.is_superset(&kept), "{kept:?}");
}

fn types_in_the_outbox(app: &TestApp) -> BTreeSet<String> {
    let query = "SELECT json_group_array(DISTINCT type) FROM outbox WHERE ?1 = ''";
    serde_json::from_str(&state::text(&app.state(), query, "")).unwrap()
}

async fn a_token_is_stolen(app: &TestApp, user: &User) {
    let next = User::from_answer(&app.refresh(user).await.expect_json(200), PASSWORD);
    app.refresh(&next).await.expect_json(200);
    // Once its successor was used, a token is refused for ten seconds, and then it has been stolen.
    sleep(Duration::from_millis(10_500)).await;
    app.refresh(user)
        .await
        .expect_problem(401, "invalid_refresh_token");
}

async fn somebody_signs_in_elsewhere(app: &TestApp, user: &User) {
    app.signed_in_again(user).await;
}

async fn an_administrator_acts_on(app: &TestApp, user: &User) {
    let admin = app.admin().await;
    for thing in ["roles/airline", "disabled"] {
        let path = format!("/api/v1/users/{}/{thing}", user.id);
        app.put(&path).by(admin).await.expect_empty(204);
        app.delete(&path).by(admin).await.expect_empty(204);
    }
}

async fn addresses_are_verified_and_changed(app: &TestApp, user: &User) {
    verify(app, user, "email.verification_requested").await;
    let neighbour = app.new_user().await;
    // One that is taken is told to its owner.
    for address in [&neighbour.email, &new_email()] {
        app.call(Method::PATCH, "/api/v1/me")
            .by(user)
            .json(&json!({"email": address, "current_password": PASSWORD}))
            .await
            .expect_empty(202);
    }
    verify(app, user, "email.change_requested").await;
}

async fn verify(app: &TestApp, user: &User, mail: &str) {
    let token = app.mail(mail, &user.id).token;
    app.post("/api/v1/email/verify")
        .by(user)
        .json(&json!({"token": token}))
        .await
        .expect_empty(204);
}

async fn passwords_are_forgotten_and_changed(app: &TestApp) {
    let user = app.new_user().await;
    app.post("/api/v1/signin/email")
        .json(&json!({"email": user.email}))
        .await
        .expect_empty(202);
    app.post("/api/v1/password/forgot")
        .json(&json!({"email": user.email}))
        .await
        .expect_empty(202);
    let token = app.mail("password.reset_requested", &user.id).token;
    let new = "another fine password";
    app.post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": new}))
        .await
        .expect_empty(204);
    let user = User::from_answer(&app.sign_in(&user.email, new).await.expect_json(200), new);
    app.put("/api/v1/me/password")
        .by(&user)
        .json(&json!({"current_password": new, "new_password": PASSWORD}))
        .await
        .expect_empty(204);
}

async fn a_second_factor_comes_and_goes(app: &TestApp) {
    let (user, path) = (app.new_user().await, "/api/v1/me/mfa/totp");
    let password = json!({"current_password": PASSWORD});
    let begun = app.post(path).by(&user).json(&password).await.expect_json(201);
    let device = Device::with_secret(begun["secret"].as_str().unwrap());
    app.post(&format!("{path}/confirm"))
        .by(&user)
        .json(&json!({"code": device.code(-1).await}))
        .await
        .expect_json(200);
    app.delete(path)
        .by(&user)
        .json(&json!({"current_password": PASSWORD, "code": device.code(0).await}))
        .await
        .expect_empty(204);
}

/// A gateway in front of demo services that publish on this Redis, a flight of theirs, and an airline's employee who books.
async fn booking(redis: String) -> (TestApp, String, User) {
    let (flights, bookings) = Upstream::demo_publishing_on(Some(redis));
    let app = TestApp::in_front_of(flights, bookings);
    let user = app.new_user_with_role("airline").await;
    let search = app.get("/api/v1/flights?limit=1").await.expect_json(200);
    let flight = search["flights"][0]["id"].as_str().unwrap().to_owned();
    (app, flight, user)
}

async fn book(app: &TestApp, flight: &str, user: &User) -> Value {
    let booking = json!({"flight_id": flight, "seats": 1});
    let call = app.post("/api/v1/bookings").by(user);
    call.json(&booking).await.expect_json(201)
}

async fn cancel(app: &TestApp, booking: &Value, user: &User) {
    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    // The demo says nothing of the length of an answer that has none.
    assert_eq!(app.delete(&path).by(user).await.status, 204);
}

#[tokio::test]
async fn what_becomes_of_a_booking_is_told_in_order_and_fits_its_schema() {
    let redis = Redis::start();
    let mut events = redis.subscribe(BOOKINGS).await;
    let (app, flight, user) = booking(redis.url()).await;

    let booked = book(&app, &flight, &user).await;
    let moved = json!({"departs_at": "2099-05-01T08:00:00Z", "arrives_at": "2099-05-01T09:10:00Z"});
    let change = |change: &Value| {
        app.call(Method::PATCH, &format!("/api/v1/flights/{flight}"))
            .by(&user)
            .json(change)
    };
    change(&moved).await.expect(200);
    let [confirmed, changed] = [events.next().await, events.next().await];
    // Neither is news for whoever has booked.
    change(&moved).await.expect(200);
    change(&json!({"seats_available": 7})).await.expect(200);
    cancel(&app, &booked, &user).await;
    cancel(&app, &booked, &user).await;
    let cancelled = events.next().await;
    assert!(events.stays_silent(Duration::from_millis(500)).await);

    let told = [&confirmed, &changed, &cancelled];
    let types: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let promised = ["confirmed", "changed", "cancelled"].map(|what| format!("com.jetway.booking.{what}.v1"));
    assert_eq!(types, promised);
    assert_eq!(catalogue("## To the gateway"), promised.into());
    for event in told {
        assert_fits(event);
        assert_eq!(event["source"], "/bookings");
        assert_eq!(event["subject"], booked["id"]);
        let id = uuid::Uuid::parse_str(event["id"].as_str().unwrap()).unwrap();
        assert_eq!(id.get_version_num(), 7);
        let data = &event["data"];
        assert_eq!(
            (&data["booking_id"], &data["user_id"]),
            (&booked["id"], &json!(user.id))
        );
        let flight = json!({"number": booked["flight_number"], "from": booked["from"], "to": booked["to"]});
        assert_eq!(data["flight"], flight);
    }
    assert_eq!(confirmed["data"]["departure_at"], booked["departs_at"]);
    assert_eq!(changed["data"]["departure_at"], moved["departs_at"]);
    assert_eq!(cancelled["data"]["departure_at"], moved["departs_at"]);
}

#[tokio::test]
async fn who_listens_late_hears_of_every_booking_and_no_booking_waits_for_redis() {
    let port = unused_port();
    let (app, flight, user) = booking(format!("redis://127.0.0.1:{port}")).await;

    let started = Instant::now();
    let first = book(&app, &flight, &user).await;
    cancel(&app, &first, &user).await;
    // Far shorter than any connection's timeout.
    assert!(started.elapsed() < Duration::from_secs(10));
    // A Redis where nobody listens is no better than none.
    let redis = Redis::on(port);
    let second = book(&app, &flight, &user).await;
    sleep(Duration::from_secs(1)).await;
    let mut events = redis.subscribe(BOOKINGS).await;

    for (kind, booking) in [
        ("confirmed", &first),
        ("cancelled", &first),
        ("confirmed", &second),
    ] {
        let event = events.next().await;
        assert_fits(&event);
        assert_eq!(event["type"], format!("com.jetway.booking.{kind}.v1"));
        assert_eq!(event["subject"], booking["id"]);
    }
}
