//! Searching and managing flights.

use std::collections::BTreeSet;
use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::client::{ALICE, Demo, answer};

fn departures(list: &Value) -> Vec<&str> {
    list["flights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flight| flight["departs_at"].as_str().unwrap())
        .collect()
}

fn new_flight() -> Value {
    json!({
        "number": "LH990", "airline": "LH", "from": "FRA", "to": "AMS",
        "departs_at": "2099-05-01T08:00:00Z", "arrives_at": "2099-05-01T09:10:00Z",
        "price": {"amount_minor": 9900, "currency": "EUR"}, "seats_available": 20,
    })
}

#[tokio::test]
async fn a_search_lists_flights_by_departure() {
    let demo = Demo::start().await;
    let list = demo.search("").await;
    let departures = departures(&list);
    assert_eq!(departures.len(), 50);
    assert!(departures.is_sorted());
}

#[tokio::test]
async fn a_search_narrows_by_airports_and_date() {
    let demo = Demo::start().await;
    let any = demo.search("?from=LHR&limit=1").await["flights"][0].clone();
    let (to, date) = (
        any["to"].as_str().unwrap(),
        &any["departs_at"].as_str().unwrap()[..10],
    );
    let list = demo.search(&format!("?from=lhr&to={to}&date={date}")).await;
    let found = list["flights"].as_array().unwrap();
    assert!(found.contains(&any));
    assert!(
        found
            .iter()
            .all(|flight| flight["from"] == "LHR" && flight["to"] == to)
    );
    assert!(
        departures(&list)
            .iter()
            .all(|departure| departure.starts_with(date))
    );
}

#[tokio::test]
async fn pages_together_hold_every_flight_once() {
    let demo = Demo::start().await;
    let (mut seen, mut count, mut query) = (BTreeSet::new(), 0, "?limit=100".to_owned());
    loop {
        let list = demo.search(&query).await;
        for flight in list["flights"].as_array().unwrap() {
            seen.insert(flight["id"].as_str().unwrap().to_owned());
            count += 1;
        }
        let Some(cursor) = list["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=100&cursor={cursor}");
    }
    // The timetable, and the shuttle: another one if a minute began meanwhile.
    assert_eq!(count, seen.len());
    assert!((421..=422).contains(&count), "{count}");
}

#[tokio::test]
async fn bad_search_parameters_are_named() {
    let demo = Demo::start().await;
    for (query, pointer) in [
        ("?from=London", "/from"),
        ("?to=1", "/to"),
        ("?date=tomorrow", "/date"),
        ("?limit=0", "/limit"),
        ("?limit=101", "/limit"),
        ("?cursor=x", "/cursor"),
    ] {
        let problem = demo.search(query).await;
        assert_eq!(problem["code"], "invalid_request", "{query}");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn airlines_add_change_and_withdraw_flights() {
    let demo = Demo::start().await;
    let as_airline = |method, path: &str| {
        demo.flight_request(method, path)
            .header("x-user-id", ALICE)
            .header("x-user-roles", "customer,airline")
    };
    let (status, flight) = answer(as_airline(Method::POST, "/api/v1/flights").json(&new_flight())).await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!("/api/v1/flights/{}", flight["id"].as_str().unwrap());

    let later = json!({"departs_at": "2099-05-01T08:30:00Z", "seats_available": 21});
    let (status, changed) = answer(as_airline(Method::PATCH, &path).json(&later)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(changed["departs_at"], "2099-05-01T08:30:00Z");
    assert_eq!(
        (&changed["seats_available"], &changed["price"]),
        (&json!(21), &flight["price"])
    );

    let late = json!({"departs_at": "2099-05-01T10:00:00Z"});
    let (status, problem) = answer(as_airline(Method::PATCH, &path).json(&late)).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("/arrives_at"))
    );
    assert_eq!(demo.flight(flight["id"].as_str().unwrap()).await, changed);

    assert_eq!(
        answer(as_airline(Method::DELETE, &path)).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        answer(as_airline(Method::GET, &path)).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn others_may_not_change_flights() {
    let demo = Demo::start().await;
    let post = || {
        demo.flight_request(Method::POST, "/api/v1/flights")
            .json(&new_flight())
    };
    assert_eq!(
        answer(post().header("x-user-roles", "admin")).await.0,
        StatusCode::UNAUTHORIZED
    );
    let as_customer = post()
        .header("x-user-id", ALICE)
        .header("x-user-roles", "customer");
    assert_eq!(answer(as_customer).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_searches_finds_a_flight_that_leaves_in_two_hours_and_a_minute_or_two() {
    let demo = Demo::start().await;

    let list = demo.search("?minutes_ahead=121&limit=1").await;

    let departure = OffsetDateTime::parse(departures(&list)[0], &Rfc3339).unwrap();
    let ahead = departure - OffsetDateTime::now_utc();
    assert!(ahead > Duration::minutes(120), "{ahead}");
    assert!(ahead <= Duration::minutes(122), "{ahead}");
    let id = list["flights"][0]["id"].as_str().unwrap();
    assert_eq!(demo.book(ALICE, id, 1).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn whoever_has_booked_a_flight_that_is_moved_sees_its_new_departure() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    let (_, booking) = demo.book(ALICE, &flight, 1).await;
    assert_eq!(booking["departs_at"], demo.flight(&flight).await["departs_at"]);

    let moved = json!({"departs_at": "2099-05-01T08:00:00Z", "arrives_at": "2099-05-01T09:10:00Z"});
    let request = demo
        .flight_request(Method::PATCH, &format!("/api/v1/flights/{flight}"))
        .header("x-user-id", ALICE)
        .header("x-user-roles", "airline")
        .json(&moved);
    assert_eq!(answer(request).await.0, StatusCode::OK);

    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    while demo.as_user(ALICE, Method::GET, &path).await.1["departs_at"] != moved["departs_at"] {
        assert!(Instant::now() < deadline, "the booking service was not told");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
