//! `/api/v1/flights/...`: who may do what.

use http::Method;
use jetway_tests::TestApp;
use jetway_tests::app::unique;
use jetway_tests::upstream::Seen;

#[tokio::test]
async fn everybody_searches() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for path in [
        "/api/v1/flights",
        "/api/v1/flights/",
        "/api/v1/flights/AB123?from=LHR",
    ] {
        let anonymous = app.get(path).await;
        anonymous.expect(200);
        let seen = Seen::of(&anonymous);
        assert_eq!(seen.target(), path);
        assert!(seen.header("x-user-id").is_empty());
        let known = app.get(path).by(&user).await;
        known.expect(200);
        assert_eq!(Seen::of(&known).header("x-user-id"), [&user.id]);
        app.call(Method::HEAD, path).await.expect_empty(200);
    }
}

#[tokio::test]
async fn only_admins_and_airlines_change_flights() {
    let app = TestApp::shared();
    let (customer, airline) = (app.new_user().await, app.new_user_with_role("airline").await);

    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let path = format!("/api/v1/flights/change-{}", unique());
        let change = || app.call(method.clone(), &path);
        change().await.expect_problem(401, "unauthenticated");
        change().by(&customer).await.expect_problem(403, "forbidden");
        assert!(!app.flights().saw(&path), "a refused change reached the service");
        change().by(&airline).await.expect(200);
        change().by(app.admin().await).await.expect(200);
        assert!(app.flights().saw(&path));
    }
}

#[tokio::test]
async fn an_unusual_method_is_a_change() {
    let app = TestApp::shared();

    for method in ["OPTIONS", "PROPFIND", "GETX"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        app.call(method, "/api/v1/flights")
            .await
            .expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_invalid_token_is_worse_than_none() {
    let app = TestApp::shared();
    let path = format!("/api/v1/flights/{}", unique());

    app.get(&path)
        .token("x.y.z")
        .await
        .expect_problem(401, "invalid_token");

    assert!(!app.flights().saw(&path));
}
