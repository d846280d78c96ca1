//! What guests see of requests, and what clients see of guests that fail.

use crate::app::{Setup, TestApp};
use crate::client::Request;

#[test]
fn guests_see_spins_headers_after_the_clients() {
    let app = TestApp::start();
    let response = Request::get("/plain/a/headers?q=1")
        .header("spin-client-addr", "6.6.6.6:1")
        .header("X-Own", "yes")
        .send(app.address);
    assert_eq!(response.status, 200);
    let lines: Vec<_> = response.body.lines().collect();
    for line in [
        "host: test",
        "x-own: yes",
        "spin-path-info: /a/headers",
        "spin-full-url: http://test/plain/a/headers?q=1",
        "spin-matched-route: /plain/...",
        "spin-base-path: /",
        "spin-raw-component-route: /plain/...",
        "spin-component-route: /plain",
    ] {
        assert!(lines.contains(&line), "{line} is missing in {lines:#?}");
    }
    let addresses: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("spin-client-addr"))
        .collect();
    assert_eq!(addresses.len(), 2);
    assert_eq!(*addresses[0], "spin-client-addr: 6.6.6.6:1");
    assert!(addresses[1].starts_with("spin-client-addr: 127.0.0.1:"));
    assert!(!response.body.contains("connection"));
}

#[test]
fn named_segments_become_headers() {
    let body = TestApp::start().get("/users/7/headers").body;
    assert!(body.contains("spin-path-match-user-id: 7\n"), "{body}");
    assert!(body.contains("spin-path-match-what: headers\n"), "{body}");
}

#[test]
fn paths_are_handed_on_as_they_came() {
    let app = TestApp::start();
    for path in ["/plain/../x", "/plain/%2e%2e/x", "/plain//x", "/plain/%2fx"] {
        assert_eq!(app.get(path).body, path);
    }
}

#[test]
fn what_no_route_matches_is_a_bare_404() {
    let app = TestApp::start();
    for path in ["/", "/plainer", "/users/7", "/.well-known/spin/other"] {
        assert!(app.get(path).is_bare(404), "{path}");
    }
}

#[test]
fn the_hosts_own_paths_answer() {
    let app = TestApp::start();
    assert_eq!(app.get("/.well-known/spin/health").body, "OK");
    let info = app.get("/.well-known/spin/info");
    assert_eq!(info.header("content-type"), Some("application/json"));
    assert_eq!(info.body, "{\n  \"name\": \"test\",\n  \"version\": \"1.2.3\"\n}");
}

#[test]
fn a_guest_that_fails_is_a_bare_500_and_the_next_request_works() {
    let app = TestApp::start();
    for path in ["/plain/trap", "/plain/error"] {
        assert!(app.get(path).is_bare(500), "{path}");
        assert_eq!(app.get("/plain/x").status, 200);
    }
    assert!(app.stderr().contains("An instance of `app` failed"));
}

#[test]
fn a_header_that_is_not_utf8_is_refused() {
    let app = TestApp::start();
    for path in ["/plain/x", "/nowhere"] {
        let answer = Request::get(path).header("x", b"\xff").send(app.address);
        assert_eq!(answer.status, 400, "{path}");
    }
}

#[test]
fn guests_have_their_own_environment_only() {
    let app = TestApp::with(&Setup {
        flags: &["-e", "SIZE=big"],
        ..Setup::default()
    });
    assert_eq!(app.get("/plain/env?COLOUR").body, "blue");
    assert_eq!(app.get("/plain/env?SIZE").body, "big");
    assert_eq!(app.get("/plain/env?PATH").body, "(not set)");
}

#[test]
fn what_guests_print_goes_to_the_terminal_and_to_the_logs() {
    let app = TestApp::start();
    app.get("/plain/print?hello");
    assert_eq!(app.log("app_stdout.txt"), "to stdout: hello\n");
    assert_eq!(app.log("app_stderr.txt"), "to stderr: hello\n");
    assert!(
        app.stderr().contains("[app] to stdout: hello\n"),
        "{}",
        app.stderr()
    );
}

#[test]
fn quiet_means_that_only_the_logs_have_it() {
    let app = TestApp::with(&Setup {
        flags: &["--quiet"],
        ..Setup::default()
    });
    app.get("/plain/print?hello");
    assert_eq!(app.log("app_stdout.txt"), "to stdout: hello\n");
    assert!(!app.stderr().contains("hello"));
}
