//! Which doors are open to whom, and whether the component is ready.

use jetway_gateway::test_support::{TestVariables, block_on};
use role_admin::settings::Settings;

use crate::app::{BOOTSTRAP_TOKEN, TestApp, assert_problem, json_of};

const BEHIND: [(&str, &str); 13] = [
    ("GET", "/api/v1/roles"),
    ("POST", "/api/v1/roles"),
    ("PATCH", "/api/v1/roles"),
    ("DELETE", "/api/v1/roles/airline"),
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/users/x/nothing"),
    ("PUT", "/api/v1/users/x/roles/y"),
    ("PUT", "/api/v1/users/x/disabled"),
    ("GET", "/api/v1/users/x/sessions"),
    ("DELETE", "/api/v1/users/x/sessions"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/admin/other"),
    ("GET", "/"),
];

#[test]
fn who_is_no_administrator_learns_nothing_of_what_is_behind_the_door() {
    let app = TestApp::new();
    app.admin();
    let customer = app.token(app.sign_up("ada@example.com").id);
    for (method, path) in BEHIND {
        assert_problem(&app.call(method, path, None, None), 401, "unauthenticated");
        assert_problem(&app.call(method, path, Some("x.y.z"), None), 401, "invalid_token");
        assert_problem(&app.call(method, path, Some(&customer), None), 403, "forbidden");
    }
}

#[test]
fn who_is_an_administrator_no_longer_is_refused_whatever_the_token_says() {
    let app = TestApp::new();
    let admin = app.admin();
    let former = app.sign_up("former@example.com").id;
    let path = format!("/api/v1/users/{former}/roles/admin");
    assert_eq!(app.call("PUT", &path, Some(&admin), None).status(), 204);
    let token = app.token(former);
    assert_eq!(app.call("GET", "/api/v1/roles", Some(&token), None).status(), 200);
    assert_eq!(app.call("DELETE", &path, Some(&admin), None).status(), 204);
    assert_problem(
        &app.call("GET", "/api/v1/roles", Some(&token), None),
        403,
        "forbidden",
    );
}

#[test]
fn it_is_ready_when_its_stores_are() {
    let app = TestApp::new();
    let ready = app.call("GET", "/internal/ready", None, None);
    assert_eq!(
        (ready.status().as_u16(), &json_of(&ready)["ready"]),
        (200, &true.into())
    );
    app.ports.key_value.set_down(true);
    assert_problem(&app.call("GET", "/internal/ready", None, None), 503, "not_ready");
}

#[test]
fn whether_administrators_need_the_second_factor_is_true_or_false() {
    let variables = TestVariables::default().with("require_mfa_for_admin", "maybe");
    let refused = block_on(Settings::read(&variables)).unwrap_err().to_string();
    assert!(refused.contains("require_mfa_for_admin"), "{refused}");
}

#[test]
fn where_it_is_required_an_administrator_needs_the_second_factor() {
    let app = TestApp::with(
        TestVariables::default()
            .with("bootstrap_token", BOOTSTRAP_TOKEN)
            .with("require_mfa_for_admin", "true"),
    );
    let admin = app.admin();
    let refused = app.call("GET", "/api/v1/roles", Some(&admin), None);
    assert_problem(&refused, 401, "mfa_required");
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
}
