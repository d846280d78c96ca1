//! A middleware has what it inherits and nothing else.

use crate::app::{Setup, TestApp};
use crate::client::Request;

const ALLOWED: &str = r#"allowed_outbound_hosts = ["http://*.spin.internal"]"#;

fn tried(app: &TestApp, permission: &str) -> String {
    let response = Request::get("/guarded/x")
        .header("x-try", permission)
        .send(app.address);
    assert_eq!(response.status, 200);
    response.header("x-tried").unwrap().to_owned()
}

#[test]
fn it_stands_before_the_routes_that_name_it_and_no_others() {
    let app = TestApp::start();
    let guarded = app.get("/guarded/headers");
    assert_eq!(guarded.header("x-middleware"), Some("was here"));
    assert!(guarded.body.contains("x-middleware: was here\n"));
    assert_eq!(app.get("/plain/headers").header("x-middleware"), None);
}

#[test]
fn without_inheritance_it_has_nothing() {
    let app = TestApp::with(&Setup {
        component: ALLOWED,
        ..Setup::default()
    });
    assert_eq!(tried(&app, "key-value"), "Err(Error::AccessDenied)");
    assert_eq!(tried(&app, "environment"), "[]");
    for (permission, interface) in [
        ("variables", "spin:variables/variables"),
        ("outbound", "wasi:http/client"),
    ] {
        let tried = tried(&app, permission);
        assert!(
            tried.contains(interface) && tried.contains("is not permitted"),
            "{tried}"
        );
    }
    // The component behind it keeps what it has.
    assert_eq!(app.get("/guarded/env?COLOUR").body, "blue");
    assert_eq!(
        app.get("/guarded/fetch?http://neighbour.spin.internal/x").body,
        "/x"
    );
}

#[test]
fn it_has_what_it_inherits_and_still_no_more() {
    let app = TestApp::with(&Setup {
        component: ALLOWED,
        inherit: Some(r#"["variables", "environment"]"#),
        ..Setup::default()
    });
    assert_eq!(tried(&app, "variables"), r#"Ok("hello")"#);
    assert_eq!(tried(&app, "environment"), r#"[("COLOUR", "blue")]"#);
    assert_eq!(tried(&app, "key-value"), "Err(Error::AccessDenied)");
    assert!(tried(&app, "outbound").contains("is not permitted"));
}

#[test]
fn it_may_inherit_everything() {
    let app = TestApp::with(&Setup {
        component: ALLOWED,
        inherit: Some("true"),
        ..Setup::default()
    });
    assert_eq!(tried(&app, "variables"), r#"Ok("hello")"#);
    assert_eq!(tried(&app, "key-value"), "Ok(())");
    assert_eq!(tried(&app, "outbound"), "200 OK");
}
