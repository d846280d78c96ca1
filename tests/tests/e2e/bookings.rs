//! `/api/v1/bookings/...`: who may do what, and one booking with the real demo services.

use http::Method;
use jetway_tests::TestApp;
use jetway_tests::app::unique;
use jetway_tests::upstream::{Seen, Upstream};
use serde_json::json;

#[tokio::test]
async fn whoever_is_signed_in_books() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for method in [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ] {
        let path = format!("/api/v1/bookings/{}", unique());
        app.call(method.clone(), &path)
            .await
            .expect_problem(401, "unauthenticated");
        assert!(
            !app.bookings().saw(&path),
            "a refused request reached the service"
        );
        let answer = app.call(method.clone(), &path).by(&user).await;
        answer.expect(200);
        let seen = Seen::of(&answer);
        assert_eq!(seen.method(), method.as_str());
        assert_eq!(seen.header("x-user-id"), [&user.id]);
    }
}

#[tokio::test]
async fn the_two_services_are_told_apart() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let path = unique();

    app.get(&format!("/api/v1/bookings/{path}"))
        .by(&user)
        .await
        .expect(200);
    app.get(&format!("/api/v1/flights/{path}"))
        .by(&user)
        .await
        .expect(200);

    assert!(app.bookings().saw(&format!("/api/v1/bookings/{path}")));
    assert!(!app.bookings().saw(&format!("/api/v1/flights/{path}")));
    assert!(app.flights().saw(&format!("/api/v1/flights/{path}")));
    assert!(!app.flights().saw(&format!("/api/v1/bookings/{path}")));
}

#[tokio::test]
async fn a_path_that_only_begins_alike_is_not_found() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for path in [
        "/api/v1/bookingsx",
        "/api/v1/flights2/1",
        "/api/v1/Bookings",
        "/api/v2/bookings",
        "/bookings",
    ] {
        app.get(path).by(&user).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_booking_is_stored_under_its_user() {
    let (flights, bookings) = Upstream::demo();
    let app = TestApp::in_front_of(flights, bookings);
    let (ada, bob) = (app.new_user().await, app.new_user().await);
    let search = app.get("/api/v1/flights?limit=1").await.expect_json(200);
    let flight = search["flights"][0]["id"].as_str().unwrap();

    let call = app.post("/api/v1/bookings").by(&ada).header("x-user-id", &bob.id);
    let booking = call
        .json(&json!({"flight_id": flight, "seats": 1}))
        .await
        .expect_json(201);

    assert_eq!(booking["user_id"], ada.id.as_str());
    let hers = app.get("/api/v1/bookings").by(&ada).await.expect_json(200);
    assert_eq!(hers["bookings"], json!([booking]));
    let his = app.get("/api/v1/bookings").by(&bob).await.expect_json(200);
    assert_eq!(his["bookings"], json!([]));
    let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&bob).await.status, 404);
}
