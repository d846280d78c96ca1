//! What is sent to a service again, and what never is. Counted at the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use jetway_tests::unsteady::Unsteady;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp};

fn before(bookings: &Unsteady) -> TestApp {
    TestApp::in_front_of(Upstream::echo(), bookings.upstream())
}

#[tokio::test]
async fn reading_is_tried_again_until_it_succeeds() {
    let service = Unsteady::well();
    let app = before(&service);
    let user = app.new_user().await;

    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for failure in [502, 503] {
            // An instance of its own for each, so that the budget is that of a quiet gateway.
            let app = app.another();
            service.answer(&[failure, failure, 200]);
            let before = service.requests();

            let answer = app.call(method.clone(), "/api/v1/bookings").by(&user).await;

            answer.expect(200);
            assert_eq!(service.requests() - before, 3, "{method} after {failure}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&attempts);
    let breaks_once = move |_: Request| {
        let attempt = count.fetch_add(1, Ordering::Relaxed);
        async move {
            if attempt == 0 {
                // The connection ends with the task, without an answer.
                panic!("the service breaks, as it should");
            }
            Response::new(Body::from("recovered"))
        }
    };
    let app = TestApp::in_front_of(Upstream::answering(breaks_once), Upstream::echo());

    let answer = app.get("/api/v1/flights").await;

    answer.expect(200);
    assert_eq!(answer.body, "recovered");
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn at_most_twice_and_the_last_answer_is_the_clients() {
    let service = Unsteady::answering(&[502, 502, 503]);
    let app = before(&service);
    let user = app.new_user().await;

    let answer = app.get("/api/v1/bookings").by(&user).await;

    answer.expect(503);
    assert_eq!(answer.body, "the service's own words");
    assert_eq!(service.requests(), 3);
}

#[tokio::test]
async fn what_changes_something_or_has_a_body_is_never_sent_again() {
    for failure in [502, 503] {
        let service = Unsteady::answering(&[failure]);
        let app = before(&service);
        let user = app.new_user().await;
        let bodiless = app.post("/api/v1/bookings").by(&user);
        let posted = app.post("/api/v1/bookings").by(&user).body("{}");
        let deleted = app.delete("/api/v1/bookings/1").by(&user);
        let read_with_body = app.get("/api/v1/bookings").by(&user).body("{}");

        for (sent, call) in [bodiless, posted, deleted, read_with_body]
            .into_iter()
            .enumerate()
        {
            call.await.expect(failure);
            assert_eq!(service.requests(), sent + 1);
        }
    }
}

#[tokio::test]
async fn other_answers_are_not_tried_again() {
    for status in [400, 404, 429, 500, 504] {
        let service = Unsteady::answering(&[status]);
        let app = before(&service);
        let user = app.new_user().await;

        app.get("/api/v1/bookings").by(&user).await.expect(status);

        assert_eq!(service.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_timeout_is_not_tried_again() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let silent = move |_: Request| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<Response>()
    };
    let app = Setup::in_front_of(Upstream::answering(silent), Upstream::echo())
        .with(&[("upstream_first_byte_timeout", "300ms")])
        .start();

    app.get("/api/v1/flights")
        .await
        .expect_problem(504, "upstream_timeout");

    assert_eq!(requests.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_service_that_asks_for_time_gets_it() {
    let service = Unsteady::well();
    service.answer_with(&[503], Some("120"));
    let app = before(&service);
    let user = app.new_user().await;

    let answer = app.get("/api/v1/bookings").by(&user).await;

    answer.expect(503);
    assert_eq!(answer.header("retry-after"), Some("120"));
    assert_eq!(answer.body, "the service's own words");
    assert_eq!(service.requests(), 1);

    // Now is now.
    service.answer_with(&[503, 200], Some("0"));
    app.get("/api/v1/bookings").by(&user).await.expect(200);
    assert_eq!(service.requests(), 3);
}

#[tokio::test]
async fn a_service_that_fails_half_its_requests_gets_a_tenth_more_of_them() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let half_well = move |request: Request| {
        count.fetch_add(1, Ordering::Relaxed);
        let status = if request.uri().path().ends_with("sick") {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        async move { status.into_response() }
    };
    let app = TestApp::in_front_of(Upstream::answering(half_well), Upstream::echo());

    for _ in 0..100 {
        app.get("/api/v1/flights/well").await.expect(200);
        app.get("/api/v1/flights/sick").await.expect(503);
    }

    // A tenth, and the first few of each instance; without the budget it would be 200.
    let retries = requests.load(Ordering::Relaxed) - 200;
    assert!((3..=40).contains(&retries), "{retries} retries of 200 requests");
}
