//! `/api/v1/roles`.

use serde_json::{Value, json};

use crate::app::{TestApp, assert_problem, json_of};

fn names(list: &Value) -> Vec<&str> {
    list["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_role_is_made_listed_and_deleted() {
    let app = TestApp::new();
    let admin = app.admin();
    let pilot = json!({"name": "pilot", "description": "Flies"});

    let made = app.call("POST", "/api/v1/roles", Some(&admin), Some(&pilot));

    assert_eq!(made.status(), 201);
    assert_eq!(made.headers()["location"], "/api/v1/roles/pilot");
    let role = json!({"name": "pilot", "description": "Flies", "created_at": "2026-01-02T03:04:05.678Z"});
    assert_eq!(json_of(&made), role);
    assert_problem(
        &app.call("POST", "/api/v1/roles", Some(&admin), Some(&pilot)),
        409,
        "role_exists",
    );
    let list = json_of(&app.call("GET", "/api/v1/roles", Some(&admin), None));
    assert_eq!(names(&list), ["admin", "airline", "customer", "pilot"]);
    assert_eq!(list["roles"][3], role);
    assert_eq!(
        app.call("DELETE", "/api/v1/roles/pilot", Some(&admin), None)
            .status(),
        204
    );
    assert_problem(
        &app.call("DELETE", "/api/v1/roles/pilot", Some(&admin), None),
        404,
        "not_found",
    );
}

#[test]
fn roles_come_in_pages() {
    let app = TestApp::new();
    let admin = app.admin();
    let first = json_of(&app.call("GET", "/api/v1/roles?limit=2", Some(&admin), None));
    assert_eq!(names(&first), ["admin", "airline"]);
    let path = format!(
        "/api/v1/roles?limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let second = json_of(&app.call("GET", &path, Some(&admin), None));
    assert_eq!(
        (names(&second), &second["next_cursor"]),
        (vec!["customer"], &Value::Null)
    );
}

#[test]
fn built_in_roles_and_those_that_somebody_has_stay() {
    let app = TestApp::new();
    let admin = app.admin();
    for name in ["admin", "airline", "customer"] {
        let answer = app.call("DELETE", &format!("/api/v1/roles/{name}"), Some(&admin), None);
        assert_problem(&answer, 409, "role_protected");
    }
    app.call(
        "POST",
        "/api/v1/roles",
        Some(&admin),
        Some(&json!({"name": "pilot"})),
    );
    let ada = app.sign_up("ada@example.com").id;
    app.call(
        "PUT",
        &format!("/api/v1/users/{ada}/roles/pilot"),
        Some(&admin),
        None,
    );
    assert_problem(
        &app.call("DELETE", "/api/v1/roles/pilot", Some(&admin), None),
        409,
        "role_in_use",
    );
}

#[test]
fn a_bad_name_or_description_is_422() {
    let app = TestApp::new();
    let admin = app.admin();
    let bad = json!({"name": "Two Words", "description": "two\nlines"});
    let answer = app.call("POST", "/api/v1/roles", Some(&admin), Some(&bad));
    assert_problem(&answer, 422, "invalid_request");
    let pointers: Vec<_> = json_of(&answer)["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/name", "/description"]);
}
