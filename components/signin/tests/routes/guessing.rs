//! Guessing a password: slowed down, and never at the cost of its owner.

use std::time::Duration;

use jetway_gateway::http::Response;
use jetway_gateway::test_support::TestVariables;

use crate::app::{PASSWORD, TestApp, assert_problem, tokens_of};

const ADA: &str = "ada@example.com";
const HOME: &str = "192.0.2.7:1";

/// With Ada, and without limits but the slow-down.
fn slowed() -> TestApp {
    let app = TestApp::with(TestVariables::default().with("rate_limits", "* /... default 300;w=60"));
    app.sign_up(ADA);
    app
}

/// The cookie of a device on which she has signed in.
fn device_of(response: &Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn signed_in(app: &TestApp, address: &str) -> Response {
    let answer = app.try_sign_in_on("", address, ADA, PASSWORD);
    tokens_of(&answer);
    answer
}

/// Guesses from as many clients as it takes to be slowed down from everywhere.
fn flood(app: &TestApp, email: &str) {
    for i in 0..20 {
        let answer = app.try_sign_in_on("", &format!("198.51.100.{i}:1"), email, "not the password");
        assert_problem(&answer, 401, "invalid_credentials");
    }
    let answer = app.try_sign_in_on("", "203.0.113.9:1", email, "not the password");
    assert_problem(&answer, 429, "too_many_failures");
}

#[test]
fn after_a_few_failures_the_next_attempt_is_told_when_to_come() {
    let app = slowed();
    for _ in 0..5 {
        assert_problem(
            &app.try_sign_in(ADA, "not the password"),
            401,
            "invalid_credentials",
        );
    }
    for wait in ["1", "2", "4"] {
        // Even the right password.
        let answer = app.try_sign_in(ADA, PASSWORD);
        assert_problem(&answer, 429, "too_many_failures");
        assert_eq!(answer.headers()["retry-after"], wait);
        app.ports
            .clock
            .advance(Duration::from_secs(wait.parse().unwrap()));
        assert_problem(
            &app.try_sign_in(ADA, "not the password"),
            401,
            "invalid_credentials",
        );
    }
    app.ports.clock.advance(Duration::from_secs(8));
    tokens_of(&app.try_sign_in(ADA, PASSWORD));
    // Signed in, and all is forgotten.
    for _ in 0..5 {
        assert_problem(
            &app.try_sign_in(ADA, "not the password"),
            401,
            "invalid_credentials",
        );
    }
}

#[test]
fn a_refused_attempt_costs_no_statement_and_no_hash_and_tells_nothing_of_the_account() {
    let app = slowed();
    flood(&app, ADA);
    flood(&app, "nobody@example.com");
    // Whoever asked the database now would fail.
    app.ports.databases.run("DROP TABLE users");
    let known = app.try_sign_in(ADA, PASSWORD);
    let unknown = app.try_sign_in("nobody@example.com", PASSWORD);
    assert_problem(&known, 429, "too_many_failures");
    assert_eq!(
        (known.status(), known.headers(), known.body()),
        (unknown.status(), unknown.headers(), unknown.body())
    );
}

#[test]
fn a_flood_from_elsewhere_does_not_stop_its_owner_at_a_device_of_theirs() {
    let app = slowed();
    let device = device_of(&signed_in(&app, HOME));
    flood(&app, ADA);
    // From anywhere.
    tokens_of(&app.try_sign_in_on(&device, "203.0.113.77:1", ADA, PASSWORD));
    // It is good for nobody else.
    flood(&app, "bob@example.com");
    let other = app.try_sign_in_on(&device, HOME, "bob@example.com", PASSWORD);
    assert_problem(&other, 429, "too_many_failures");
}

#[test]
fn the_limit_by_address_has_a_count_of_its_own_for_a_device() {
    let app = TestApp::with(TestVariables::default());
    app.sign_up(ADA);
    let device = device_of(&signed_in(&app, HOME));
    for _ in 0..4 {
        app.try_sign_in(ADA, "not the password");
    }
    assert_problem(&app.try_sign_in(ADA, PASSWORD), 429, "rate_limited");

    let answer = app.try_sign_in_on(&device, HOME, ADA, PASSWORD);

    tokens_of(&answer);
    assert!(answer.headers()["ratelimit"].to_str().unwrap().contains("r=4"));
    for _ in 0..4 {
        app.try_sign_in_on(&device, HOME, ADA, PASSWORD);
    }
    let answer = app.try_sign_in_on(&device, HOME, ADA, PASSWORD);
    assert_problem(&answer, 429, "rate_limited");
}

#[test]
fn a_stolen_device_that_guesses_is_slowed_down_and_then_a_stranger() {
    let app = slowed();
    let device = device_of(&signed_in(&app, HOME));
    let thief = "203.0.113.5:1";
    for wait in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        app.ports.clock.advance(Duration::from_secs(wait));
        let answer = app.try_sign_in_on(&device, thief, ADA, "not the password");
        assert_problem(&answer, 401, "invalid_credentials");
        if (1..16).contains(&wait) {
            let answer = app.try_sign_in_on(&device, thief, ADA, PASSWORD);
            assert_problem(&answer, 429, "too_many_failures");
        }
    }
    // Now it counts like everybody, and everybody has been slowed down.
    app.ports.clock.advance(Duration::from_secs(60));
    flood(&app, ADA);
    let answer = app.try_sign_in_on(&device, "203.0.113.6:1", ADA, PASSWORD);
    assert_problem(&answer, 429, "too_many_failures");
}

#[test]
fn a_device_is_told_of_only_after_a_sign_in_and_authenticates_nobody() {
    let app = slowed();
    let device = device_of(&signed_in(&app, HOME));
    let wrong = app.try_sign_in_on(&device, HOME, ADA, "not the password");
    assert_problem(&wrong, 401, "invalid_credentials");
    assert!(!wrong.headers().contains_key("set-cookie"));
}

#[test]
fn a_sign_in_on_a_new_device_is_news() {
    let app = slowed();
    let news = "SELECT count(*) FROM outbox WHERE type = 'com.jetway.signin.new_device.v1'";
    let device = device_of(&signed_in(&app, HOME));
    tokens_of(&app.try_sign_in_on(&device, HOME, ADA, PASSWORD));
    assert_eq!(app.ports.databases.text(news), "0");
    signed_in(&app, HOME);
    assert_eq!(app.ports.databases.text(news), "1");
}

#[test]
fn disabled_and_unverified_are_answered_with_the_bytes_of_a_wrong_password() {
    let app = TestApp::with(
        TestVariables::default()
            .with("rate_limits", "* /... default 300;w=60")
            .with("require_verified_email", "true"),
    );
    for email in [ADA, "disabled@example.com", "unverified@example.com"] {
        app.sign_up(email);
    }
    let run = |statement| app.ports.databases.run(statement);
    run("UPDATE users SET email_verified_at = created_at WHERE email NOT LIKE 'unverified@%'");
    run("UPDATE users SET disabled_at = created_at WHERE email LIKE 'disabled@%'");
    tokens_of(&app.try_sign_in(ADA, PASSWORD));
    let wrong = app.try_sign_in(ADA, "not the password");
    assert_problem(&wrong, 401, "invalid_credentials");
    // Of an unverified address only who knows the password is told so.
    let told = app.try_sign_in("unverified@example.com", PASSWORD);
    assert_problem(&told, 403, "email_not_verified");
    for (email, password) in [
        ("disabled@example.com", PASSWORD),
        ("unverified@example.com", "not the password"),
        ("unknown@example.com", PASSWORD),
    ] {
        let answer = app.try_sign_in(email, password);
        assert_eq!(
            (answer.status(), answer.headers(), answer.body()),
            (wrong.status(), wrong.headers(), wrong.body())
        );
    }
}

#[test]
fn a_sign_in_that_failed_underneath_was_no_guess() {
    let app = slowed();
    app.ports.databases.run("ALTER TABLE users RENAME TO away");
    for _ in 0..10 {
        assert_problem(&app.try_sign_in(ADA, PASSWORD), 500, "internal_error");
    }
    app.ports.databases.run("ALTER TABLE away RENAME TO users");
    tokens_of(&app.try_sign_in(ADA, PASSWORD));
}
