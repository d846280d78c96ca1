//! Where guests' requests may go, and what they learn of those that fail.

use std::net::TcpListener;

use crate::app::{Setup, TestApp};

fn allowing(hosts: &str) -> TestApp {
    let component = format!("allowed_outbound_hosts = {hosts}");
    TestApp::with(&Setup {
        component: &component,
        ..Setup::default()
    })
}

#[test]
fn without_permission_nothing_leaves() {
    let app = TestApp::start();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    for url in [
        format!("http://{}/", other.local_addr().unwrap()),
        "http://neighbour.spin.internal/x".into(),
    ] {
        assert_eq!(
            app.get(&format!("/plain/fetch?{url}")).body,
            "ErrorCode::HttpRequestDenied",
            "{url}"
        );
    }
    assert!(other.accept().is_err());
    assert!(app.stderr().contains("allowed_outbound_hosts"));
}

#[test]
fn a_neighbour_is_reached_by_name() {
    let app = allowing(r#"["http://neighbour.spin.internal", "http://app.spin.internal"]"#);
    let body = app
        .get("/plain/fetch?http://neighbour.spin.internal/a/headers")
        .body;
    assert!(body.contains("spin-client-addr: 0.0.0.0:0\n"), "{body}");
    assert!(body.contains("spin-path-info: /a/headers\n"), "{body}");
    assert!(body.contains("spin-matched-route: /...\n"), "{body}");
    assert_eq!(
        app.get("/plain/fetch?http://app.spin.internal/env?COLOUR").body,
        "blue"
    );
}

#[test]
fn a_private_route_is_reached_by_neighbours_only() {
    let app = TestApp::start();
    assert!(app.get("/neighbour/x").is_bare(404));
    let from_outside = crate::client::Request::get("http://neighbour.spin.internal/x").send(app.address);
    assert_ne!(from_outside.status, 200);
}

#[test]
fn a_neighbour_that_fails_is_an_answer_not_a_failure_of_the_caller() {
    let app = allowing(r#"["http://neighbour.spin.internal"]"#);
    assert!(
        app.get("/plain/fetch?http://neighbour.spin.internal/trap")
            .is_bare(500)
    );
    let errors = app.stderr();
    assert!(errors.contains("An instance of `neighbour` failed"), "{errors}");
    assert!(!errors.contains("An instance of `app` failed"), "{errors}");
}

#[test]
fn the_application_reaches_itself() {
    let app = allowing(r#"["http://self"]"#);
    assert_eq!(
        app.get("/plain/fetch?http://self.alt/plain/there").body,
        "/plain/there"
    );
}

#[test]
fn a_server_that_is_not_there_refuses() {
    let app = allowing(r#"["http://127.0.0.1:*"]"#);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let body = app.get(&format!("/plain/fetch?http://{unused}/")).body;
    assert_eq!(body, "ErrorCode::ConnectionRefused");
}

#[test]
fn a_host_that_has_no_address_is_a_dns_error() {
    let app = allowing(r#"["http://*.invalid"]"#);
    let body = app.get("/plain/fetch?http://nowhere.invalid/").body;
    assert!(body.contains("DnsError"), "{body}");
}

#[test]
fn a_real_server_is_reached_with_its_own_host_header() {
    let app = allowing(r#"["http://127.0.0.1:*"]"#);
    let other = TestApp::start();
    let body = app
        .get(&format!("/plain/fetch?http://{}/plain/headers", other.address))
        .body;
    let hosts: Vec<_> = body.lines().filter(|line| line.starts_with("host: ")).collect();
    assert_eq!(hosts, [format!("host: {}", other.address)]);
}
