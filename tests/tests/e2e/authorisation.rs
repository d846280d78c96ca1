//! Not signed in is 401 and a wrong role 403, before anything else about a route is revealed.

use http::Method;
use jetway_tests::{TestApp, User};
use uuid::Uuid;

/// Requests that differ in everything that a route could look at before it asks who is there: existing or not, right
/// or wrong method, good, bad or too long body, right or wrong content type.
fn requests_to_an_admin_route() -> Vec<(Method, String, Option<&'static str>, String)> {
    let nobody = Uuid::nil();
    let too_long = "x".repeat(70_000);
    vec![
        (Method::GET, "/api/v1/roles".into(), None, String::new()),
        (Method::GET, "/api/v1/users".into(), None, String::new()),
        (Method::GET, "/api/v1/users?limit=bad".into(), None, String::new()),
        (
            Method::GET,
            format!("/api/v1/users/{nobody}"),
            None,
            String::new(),
        ),
        (Method::GET, "/api/v1/users/not-an-id".into(), None, String::new()),
        (
            Method::GET,
            "/api/v1/roles/nosuch/route".into(),
            None,
            String::new(),
        ),
        (Method::PATCH, "/api/v1/roles".into(), None, String::new()),
        (Method::GET, "/api/v1/roles/admin".into(), None, String::new()),
        (
            Method::DELETE,
            "/api/v1/roles/nosuchrole".into(),
            None,
            String::new(),
        ),
        (Method::DELETE, "/api/v1/roles/admin".into(), None, String::new()),
        (
            Method::PUT,
            format!("/api/v1/users/{nobody}/roles/admin"),
            None,
            String::new(),
        ),
        (
            Method::POST,
            "/api/v1/roles".into(),
            Some("application/json"),
            "{".into(),
        ),
        (
            Method::POST,
            "/api/v1/roles".into(),
            Some("application/json"),
            r#"{"name":"admin"}"#.into(),
        ),
        (
            Method::POST,
            "/api/v1/roles".into(),
            Some("text/plain"),
            "{}".into(),
        ),
        (
            Method::POST,
            "/api/v1/roles".into(),
            Some("application/json"),
            too_long,
        ),
    ]
}

async fn assert_all(app: &TestApp, by: Option<&User>, status: u16, code: &str) {
    for (method, path, content_type, body) in requests_to_an_admin_route() {
        let mut call = app.call(method.clone(), &path);
        if let Some(content_type) = content_type {
            call = call.typed_body(content_type, body);
        }
        if let Some(user) = by {
            call = call.by(user);
        }
        let answer = call.await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path}: {}",
            answer.describe()
        );
        let problem = answer.expect_problem(status, code);
        assert_eq!(answer.header("allow"), None, "{method} {path}");
        assert!(problem.get("errors").is_none(), "{problem}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_learns_nothing_else() {
    assert_all(TestApp::shared(), None, 401, "unauthenticated").await;
}

#[tokio::test]
async fn who_has_the_wrong_role_learns_nothing_else() {
    let app = TestApp::shared();

    let (customer, airline) = (app.new_user().await, app.new_user_with_role("airline").await);

    assert_all(app, Some(&customer), 403, "forbidden").await;
    assert_all(app, Some(&airline), 403, "forbidden").await;
}

#[tokio::test]
async fn one_s_own_routes_ask_first_too() {
    let app = TestApp::shared();

    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::PATCH, "/api/v1/me"),
        (Method::GET, "/api/v1/me/nosuch"),
        (Method::POST, "/api/v1/signout"),
        (Method::POST, "/api/v1/signout?scope=nonsense"),
        (Method::GET, "/api/v1/bookings/nosuch"),
    ] {
        app.call(method, path)
            .await
            .expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_forged_token_never_reaches_the_role_question() {
    let app = TestApp::shared();

    app.get("/api/v1/roles")
        .token("x.y.z")
        .await
        .expect_problem(401, "invalid_token");
    app.get("/api/v1/auth/check?role=admin")
        .token("x.y.z")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn the_same_answer_for_what_is_there_and_what_is_not() {
    let app = TestApp::shared();
    let customer = app.new_user().await;
    let get = |path: String| app.get(&path).by(&customer).header("x-request-id", "same");

    let there = get(format!("/api/v1/users/{}", app.admin().await.id)).await;
    let absent = get(format!("/api/v1/users/{}", Uuid::now_v7())).await;

    assert_eq!(there.body, absent.body);
}
