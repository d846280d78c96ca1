//! Booking, listing and cancelling.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::client::{ALICE, BOB, Demo, answer};

#[tokio::test]
async fn a_booking_takes_seats_and_belongs_to_its_user() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    let (status, booking) = demo.book(ALICE, &flight, 2).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&booking["user_id"], &booking["flight_id"]),
        (&json!(ALICE), &json!(flight))
    );
    assert_eq!(
        (&booking["seats"], &booking["status"]),
        (&json!(2), &json!("confirmed"))
    );
    assert_eq!(demo.seats_left(&flight).await, 7);

    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(
        demo.as_user(ALICE, Method::GET, &path).await,
        (StatusCode::OK, booking.clone())
    );
    let (_, own) = demo.as_user(ALICE, Method::GET, "/api/v1/bookings").await;
    assert_eq!(own, json!({"bookings": [booking], "next_cursor": null}));
}

#[tokio::test]
async fn a_booking_is_hidden_from_everybody_else() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    let (_, booking) = demo.book(ALICE, &flight, 1).await;
    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(
        demo.as_user(BOB, Method::GET, &path).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        demo.as_user(BOB, Method::DELETE, &path).await.0,
        StatusCode::NOT_FOUND
    );
    let (_, list) = demo.as_user(BOB, Method::GET, "/api/v1/bookings").await;
    assert_eq!(list["bookings"], json!([]));
    assert_eq!(demo.seats_left(&flight).await, 8);
}

#[tokio::test]
async fn a_cancelled_booking_gives_its_seats_back_once() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    let (_, booking) = demo.book(ALICE, &flight, 3).await;
    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(
            demo.as_user(ALICE, Method::DELETE, &path).await.0,
            StatusCode::NO_CONTENT
        );
        assert_eq!(demo.seats_left(&flight).await, 9);
    }
    assert_eq!(
        demo.as_user(ALICE, Method::GET, &path).await.1["status"],
        "cancelled"
    );
}

#[tokio::test]
async fn of_many_who_race_for_the_last_seat_one_wins() {
    let demo = Arc::new(Demo::start().await);
    let flight = demo.flight_with_seats(1).await;
    let attempts = (0..20).map(|number| {
        let (demo, flight) = (demo.clone(), flight.clone());
        tokio::spawn(async move { demo.book(&format!("user-{number}"), &flight, 1).await })
    });
    let mut answers = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        answers.push(attempt.await.unwrap());
    }
    let won = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::CREATED)
        .count();
    let lost = answers
        .iter()
        .filter(|(status, body)| *status == StatusCode::CONFLICT && body["code"] == "sold_out");
    assert_eq!((won, lost.count()), (1, 19));
    assert_eq!(demo.seats_left(&flight).await, 0);
}

#[tokio::test]
async fn a_booking_without_a_user_is_refused() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    let body = json!({"flight_id": flight, "seats": 1});
    let post = demo.booking_request(Method::POST, "/api/v1/bookings").json(&body);
    let (status, problem) = answer(post).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNAUTHORIZED, &json!("unauthenticated"))
    );
    let get = demo.booking_request(Method::GET, "/api/v1/bookings");
    assert_eq!(answer(get).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(demo.seats_left(&flight).await, 9);
}

#[tokio::test]
async fn seats_and_flight_must_make_sense() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(9).await;
    for (flight, seats, pointer) in [
        (&*flight, 0, "/seats"),
        (&*flight, 10, "/seats"),
        (ALICE, 1, "/flight_id"),
    ] {
        let (status, problem) = demo.book(BOB, flight, seats).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn a_list_of_bookings_comes_in_pages_latest_first() {
    let demo = Demo::start().await;
    let flight = demo.flight_with_seats(142).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(demo.book(ALICE, &flight, 1).await.1["id"].clone());
    }
    let (_, first) = demo.as_user(ALICE, Method::GET, "/api/v1/bookings?limit=2").await;
    assert_eq!(
        [&first["bookings"][0]["id"], &first["bookings"][1]["id"]],
        [&made[2], &made[1]]
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = demo
        .as_user(ALICE, Method::GET, &format!("/api/v1/bookings?cursor={cursor}"))
        .await;
    assert_eq!(
        (&second["bookings"][0]["id"], &second["next_cursor"]),
        (&made[0], &json!(null))
    );
}

#[tokio::test]
async fn a_dead_flight_service_is_a_502() {
    let Demo {
        flights, bookings, ..
    } = Demo::start().await;
    flights.stop().await;
    let request = reqwest::Client::new()
        .post(bookings.url() + "/api/v1/bookings")
        .header("x-user-id", ALICE)
        .json(&json!({"flight_id": BOB, "seats": 1}));
    let (status, problem) = answer(request).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_GATEWAY, &json!("upstream_unreachable"))
    );
}
