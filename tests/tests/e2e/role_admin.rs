//! `/api/v1/roles/...`.

use http::Method;
use jetway_tests::app::unique;
use jetway_tests::{TestApp, User};
use serde_json::{Value, json};

fn new_role() -> String {
    format!("role-{}", unique())
}

async fn roles(app: &TestApp) -> Vec<Value> {
    let list = app
        .get("/api/v1/roles?limit=100")
        .by(app.admin().await)
        .await
        .expect_json(200);
    list["roles"].as_array().unwrap().clone()
}

async fn has_role_named(app: &TestApp, name: &str) -> bool {
    roles(app).await.iter().any(|role| role["name"] == name)
}

#[tokio::test]
async fn the_roles_that_the_policy_needs_are_there_from_the_start() {
    let app = TestApp::shared();

    let names: Vec<_> = roles(app)
        .await
        .iter()
        .map(|role| role["name"].as_str().unwrap().to_owned())
        .collect();

    for role in ["admin", "airline", "customer"] {
        assert!(
            names.iter().any(|name| name == role),
            "{role} is not in {names:?}"
        );
    }
}

#[tokio::test]
async fn a_list_has_its_plural_and_a_cursor() {
    let app = TestApp::shared();

    let list = app
        .get("/api/v1/roles")
        .by(app.admin().await)
        .await
        .expect_json(200);

    let members: Vec<_> = list.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["next_cursor", "roles"]);
    let role: Vec<_> = list["roles"][0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(role, ["created_at", "description", "name"]);
}

#[tokio::test]
async fn an_admin_makes_a_role() {
    let app = TestApp::shared();
    let name = new_role();

    let call = app.post("/api/v1/roles").by(app.admin().await);
    let answer = call
        .json(&json!({"name": name, "description": "Sees the numbers"}))
        .await;

    answer.expect_json(201);
    let expected = json!({"name": name, "description": "Sees the numbers", "created_at": "…"});
    assert_eq!(answer.masked(&["created_at"]), expected);
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/roles/{name}").as_str())
    );
    assert!(has_role_named(app, &name).await);
}

#[tokio::test]
async fn a_role_is_made_once() {
    let app = TestApp::shared();
    let body = json!({"name": new_role(), "description": ""});
    app.post("/api/v1/roles")
        .by(app.admin().await)
        .json(&body)
        .await
        .expect_json(201);

    let again = app.post("/api/v1/roles").by(app.admin().await).json(&body).await;

    again.expect_problem(409, "role_exists");
}

#[tokio::test]
async fn a_role_that_nobody_has_is_removed() {
    let app = TestApp::shared();
    let name = new_role();
    let body = json!({"name": name, "description": ""});
    app.post("/api/v1/roles")
        .by(app.admin().await)
        .json(&body)
        .await
        .expect_json(201);

    let path = format!("/api/v1/roles/{name}");
    app.delete(&path).by(app.admin().await).await.expect_empty(204);

    assert!(!has_role_named(app, &name).await);
    app.delete(&path)
        .by(app.admin().await)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_role_that_somebody_has_stays() {
    let app = TestApp::shared();
    let name = new_role();
    let body = json!({"name": name, "description": ""});
    app.post("/api/v1/roles")
        .by(app.admin().await)
        .json(&body)
        .await
        .expect_json(201);
    app.new_user_with_role(&name).await;

    let answer = app
        .delete(&format!("/api/v1/roles/{name}"))
        .by(app.admin().await)
        .await;

    answer.expect_problem(409, "role_in_use");
    assert!(has_role_named(app, &name).await);
}

#[tokio::test]
async fn the_roles_that_the_gateway_relies_on_stay() {
    let app = TestApp::shared();

    for name in ["admin", "airline", "customer"] {
        let answer = app
            .delete(&format!("/api/v1/roles/{name}"))
            .by(app.admin().await)
            .await;
        answer.expect_problem(409, "role_protected");
        assert!(has_role_named(app, name).await);
    }
}

#[tokio::test]
async fn a_name_that_would_need_quoting_is_refused() {
    let app = TestApp::shared();

    for name in [
        "",
        "Admin",
        "two words",
        "a,b",
        "a/b",
        "é",
        "1st",
        &"x".repeat(65),
    ] {
        let call = app.post("/api/v1/roles").by(app.admin().await);
        let answer = call.json(&json!({"name": name, "description": ""})).await;
        assert_eq!(answer.expect_invalid("/name"), "role_name_malformed");
    }
}

#[tokio::test]
async fn wrong_methods_name_the_right_ones() {
    let app = TestApp::shared();

    for (method, path, right) in [
        (Method::PUT, "/api/v1/roles", vec!["GET", "POST"]),
        (Method::GET, "/api/v1/roles/admin", vec!["DELETE"]),
        (Method::POST, "/api/v1/users", vec!["GET"]),
    ] {
        let answer = app.call(method, path).by(app.admin().await).await;
        answer.expect_problem(405, "method_not_allowed");
        let allowed = answer.header("allow").unwrap();
        for method in right {
            assert!(
                allowed.split(", ").any(|each| each == method),
                "{path}: {allowed}"
            );
        }
    }
}

#[tokio::test]
async fn a_path_below_the_routes_is_not_found() {
    let app = TestApp::shared();

    for path in [
        "/api/v1/roles/admin/users",
        "/api/v1/users/x/y/z",
        "/api/v1/roles/",
    ] {
        app.get(path)
            .by(app.admin().await)
            .await
            .expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn who_is_an_admin_no_longer_is_refused_at_once_whatever_the_token_says() {
    let app = TestApp::shared();
    let former = app.new_user_with_role("admin").await;
    app.get("/api/v1/roles").by(&former).await.expect_json(200);

    let path = format!("/api/v1/users/{}/roles/admin", former.id);
    app.delete(&path).by(app.admin().await).await.expect_empty(204);

    // Within the second in which an instance may still take the token, the database says no.
    for answer in [
        app.get("/api/v1/roles").by(&former).await,
        app.put(&path).by(&former).await,
    ] {
        assert!(
            [401, 403].contains(&answer.status.as_u16()),
            "{}",
            answer.describe()
        );
    }
    let next = User::from_answer(&app.refresh(&former).await.expect_json(200), &former.password);
    app.put(&path).by(&next).await.expect_problem(403, "forbidden");
}
