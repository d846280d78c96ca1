//! `POST /api/v1/signup`, over a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::RefCell;

use http::Request;
use jetway_gateway::domain::UserId;
use jetway_gateway::http::{RequestId, Response, finish};
use jetway_gateway::test_support::{TestPorts, TestVariables, block_on};
use serde_json::{Value, json};
use signup::app::{App, Memory};
use signup::handler;
use signup::settings::Settings;

#[derive(Default)]
struct TestApp {
    ports: TestPorts,
    memory: Memory,
    published: RefCell<Vec<UserId>>,
}

impl TestApp {
    fn call(&self, method: &str, path: &str, body: &str) -> Response {
        let settings = block_on(Settings::read(&TestVariables::default())).unwrap();
        let app = App {
            ports: &self.ports,
            settings: &settings,
            memory: &self.memory,
            publish: |user| self.published.borrow_mut().push(user),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        let answer = block_on(handler::handle(
            request.body(body.as_bytes().to_vec()).unwrap(),
            &app,
        ));
        finish(answer, &RequestId::parse("r-1").unwrap())
    }

    fn sign_up(&self, body: &Value) -> Response {
        self.call("POST", "/api/v1/signup", &body.to_string())
    }
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn a_new_user_is_answered_and_published() {
    let app = TestApp::default();

    let response = app.sign_up(&json!({"email": "Ada@example.com", "password": "correct horse battery"}));

    assert_eq!(response.status(), 201);
    let user = json_of(&response);
    let id = user["id"].as_str().unwrap();
    assert_eq!(
        user,
        json!({"id": id, "email": "Ada@example.com", "roles": ["customer"], "created_at": "2026-01-02T03:04:05.678Z"})
    );
    assert_eq!(response.headers()["location"], format!("/api/v1/users/{id}"));
    assert_eq!(*app.published.borrow(), [UserId::parse(id).unwrap()]);
}

#[test]
fn a_taken_address_is_409_and_nothing_is_published() {
    let app = TestApp::default();
    app.sign_up(&json!({"email": "ada@example.com", "password": "correct horse battery"}));
    let response = app.sign_up(&json!({"email": "ADA@example.com", "password": "another password"}));
    assert_eq!(response.status(), 409);
    assert_eq!(json_of(&response)["code"], "email_taken");
    assert_eq!(app.published.borrow().len(), 1);
}

#[test]
fn bad_input_touches_no_database() {
    let app = TestApp::default();
    let long = format!("{}@example.com", "a".repeat(243));
    for (email, password, expected) in [
        (
            long.as_str(),
            "correct horse battery",
            json!([["/email", "email_too_long"]]),
        ),
        (
            "nobody",
            "correct horse battery",
            json!([["/email", "email_malformed"]]),
        ),
        (
            "ada@example.com",
            "1234567",
            json!([["/password", "password_too_short"]]),
        ),
        (
            "ada@example.com",
            &"p".repeat(129),
            json!([["/password", "password_too_long"]]),
        ),
        (
            "nobody",
            "short",
            json!([["/email", "email_malformed"], ["/password", "password_too_short"]]),
        ),
    ] {
        let response = app.sign_up(&json!({"email": email, "password": password}));
        assert_eq!(response.status(), 422);
        let errors = json_of(&response)["errors"].clone();
        let found: Vec<_> = errors
            .as_array()
            .unwrap()
            .iter()
            .map(|error| json!([error["pointer"], error["code"]]))
            .collect();
        assert_eq!(json!(found), expected);
    }
    assert!(!app.ports.databases.path().exists());
}

#[test]
fn a_password_of_128_characters_is_taken() {
    let app = TestApp::default();
    let response = app.sign_up(
        &json!({"email": "ada@example.com", "password": "correct horse battery! ".repeat(6)[..128]}),
    );
    assert_eq!(response.status(), 201);
}

#[test]
fn a_dropped_table_is_a_500_that_says_nothing() {
    let app = TestApp::default();
    app.ports.databases.store();
    app.ports.databases.run("DROP TABLE users");
    let response = app.sign_up(&json!({"email": "ada@example.com", "password": "correct horse battery"}));
    assert_eq!(response.status(), 500);
    assert_eq!(json_of(&response)["code"], "internal_error");
    assert!(!String::from_utf8_lossy(response.body()).contains("users"));
}

#[test]
fn other_methods_and_paths_are_problems() {
    let app = TestApp::default();
    let response = app.call("GET", "/api/v1/signup", "");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(app.call("POST", "/api/v1/signup/", "").status(), 404);
}

#[test]
fn it_is_ready_when_its_database_is() {
    let app = TestApp::default();
    let ready = app.call("GET", "/internal/ready", "");
    assert_eq!(
        (ready.status().as_u16(), json_of(&ready)),
        (200, json!({"ready": true}))
    );
    app.ports
        .databases
        .run("PRAGMA foreign_keys = OFF; DROP TABLE users");
    let not_ready = app.call("GET", "/internal/ready", "");
    assert_eq!(
        (not_ready.status().as_u16(), &json_of(&not_ready)["code"]),
        (503, &json!("not_ready"))
    );
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    for (name, value) in [
        ("bcrypt_cost", "99"),
        ("bcrypt_cost", "twelve"),
        ("email_token_ttl", "0s"),
        ("password_token_ttl", "soon"),
        ("require_verified_email", "yes"),
        ("password_pepper_version", "0"),
        ("password_pepper_previous", "old"),
        ("redis_url", ""),
    ] {
        let error = block_on(Settings::read(&TestVariables::default().with(name, value))).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
