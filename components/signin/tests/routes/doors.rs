//! Which doors are open to whom, and whether the component is ready.

use jetway_gateway::test_support::{TestVariables, block_on};
use serde_json::json;
use signin::settings::Settings;

use crate::app::{TestApp, assert_problem, json_of};

#[test]
fn strangers_learn_nothing_of_what_is_behind_the_door() {
    let app = TestApp::new();
    for (method, path) in [
        ("GET", "/api/v1/me"),
        ("PATCH", "/api/v1/me"),
        ("GET", "/api/v1/me/nothing/here"),
        ("DELETE", "/api/v1/me/sessions/x"),
        ("PUT", "/api/v1/me/password"),
        ("POST", "/api/v1/signout"),
    ] {
        assert_problem(&app.call(method, path, None, None), 401, "unauthenticated");
        assert_problem(&app.call(method, path, Some("x.y.z"), None), 401, "invalid_token");
    }
}

#[test]
fn the_assertion_key_is_for_who_is_part_of_the_application() {
    let app = TestApp::new();
    let path = "/internal/assertion-key";
    assert_problem(&app.call("GET", path, None, None), 404, "not_found");
    let given = app.call_from("0.0.0.0:0", "GET", path, None, None);
    assert_eq!(given.headers()["cache-control"], "no-store");
    assert_eq!(json_of(&given)["private_key"].as_str().unwrap().len(), 43);
    // It is remembered, and then the database is not asked.
    app.ports.databases.run("DROP TABLE assertion_keys");
    let again = app.call_from("0.0.0.0:0", "GET", path, None, None);
    assert_eq!(json_of(&again), json_of(&given));
    let another = app.fresh_instance();
    assert_eq!(
        another.call_from("0.0.0.0:0", "GET", path, None, None).status(),
        500
    );
}

#[test]
fn the_signed_in_learn_which_methods_there_are() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    for (method, path, allow) in [
        ("POST", "/api/v1/me", "GET, HEAD, PATCH, DELETE"),
        ("GET", "/api/v1/signout", "POST"),
        ("GET", "/api/v1/me/password", "PUT"),
    ] {
        let answer = app.call(method, path, Some(&tokens.access), None);
        assert_problem(&answer, 405, "method_not_allowed");
        assert_eq!(answer.headers()["allow"], allow);
    }
    assert_problem(&app.get("/api/v1/me/nothing", &tokens), 404, "not_found");
}

#[test]
fn it_is_ready_once_the_signing_key_is_published() {
    let app = TestApp::new();
    let ready = app.call("GET", "/internal/ready", None, None);
    assert_eq!(
        (ready.status().as_u16(), json_of(&ready)),
        (200, json!({"ready": true}))
    );
    assert_eq!(app.ports.key_value.keys(), ["jwks/set"]);
    app.ports.key_value.set_down(true);
    assert_problem(&app.call("GET", "/internal/ready", None, None), 503, "not_ready");
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    for (name, value) in [
        ("issuer", ""),
        ("audience", ""),
        ("bcrypt_cost", "3"),
        ("access_token_ttl", "soon"),
        ("access_token_ttl", "0"),
        ("refresh_token_ttl", "-1"),
        ("session_ttl", "0"),
        ("redis_url", "nonsense"),
        ("rate_limits", "nonsense"),
        ("signin_slowdown", "5"),
        ("require_verified_email", "yes"),
        ("trusted_proxies", "everybody"),
        ("trusted_proxy_header", "x-real-ip"),
        ("client_ipv6_prefix", "129"),
    ] {
        let error = block_on(Settings::read(&TestVariables::default().with(name, value))).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
