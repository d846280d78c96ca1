//! `POST /api/v1/admin/bootstrap`.

use jetway_gateway::test_support::TestVariables;
use serde_json::json;

use crate::app::{BOOTSTRAP_TOKEN, TestApp, assert_problem, json_of};

#[test]
fn the_first_administrator_is_made_once() {
    let app = TestApp::new();
    let answer = app.bootstrap(BOOTSTRAP_TOKEN, "admin@example.com");
    assert_eq!(answer.status(), 201);
    assert_eq!(json_of(&answer)["roles"], json!(["admin", "customer"]));
    assert_eq!(app.published.borrow().len(), 1);
    assert_problem(
        &app.bootstrap(BOOTSTRAP_TOKEN, "other@example.com"),
        409,
        "admin_exists",
    );
}

#[test]
fn a_wrong_token_is_refused_before_the_rest_is_looked_at() {
    let app = TestApp::new();
    for token in ["", "wrong", &BOOTSTRAP_TOKEN[1..]] {
        assert_problem(&app.bootstrap(token, "no address"), 403, "forbidden");
    }
    assert!(!app.ports.databases.path().exists());
}

#[test]
fn a_bad_address_or_password_is_422() {
    let answer = TestApp::new().bootstrap(BOOTSTRAP_TOKEN, "no address");
    assert_problem(&answer, 422, "invalid_request");
}

#[test]
fn where_the_variable_is_empty_there_is_no_such_route() {
    let app = TestApp::with(TestVariables::default());
    assert_problem(&app.bootstrap("", "admin@example.com"), 404, "not_found");
    assert_problem(
        &app.call("GET", "/api/v1/admin/bootstrap", None, None),
        404,
        "not_found",
    );
}

#[test]
fn a_customer_is_not_made_administrator() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    assert_problem(
        &app.bootstrap(BOOTSTRAP_TOKEN, "ADA@example.com"),
        409,
        "email_taken",
    );
}
