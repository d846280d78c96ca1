//! `POST /api/v1/signout` and `DELETE /api/v1/me/sessions/{id}`.

use serde_json::json;

use crate::app::{TestApp, assert_problem, json_of};

#[test]
fn a_sign_out_ends_the_sessions_of_its_scope() {
    for (query, here_lives, there_lives) in [
        ("", false, true),
        ("?scope=local", false, true),
        ("?scope=others", true, false),
        ("?scope=global", false, false),
    ] {
        let app = TestApp::new();
        app.sign_up("ada@example.com");
        let (here, there) = (app.sign_in("ada@example.com"), app.sign_in("ada@example.com"));
        let answer = app.call(
            "POST",
            &format!("/api/v1/signout{query}"),
            Some(&here.access),
            None,
        );
        assert_eq!(
            (answer.status().as_u16(), answer.body().len()),
            (204, 0),
            "{query}"
        );
        // Another instance has not seen the token before, and so looks.
        let app = app.fresh_instance();
        for (tokens, lives) in [(&here, here_lives), (&there, there_lives)] {
            assert_eq!(app.get("/api/v1/me", tokens).status() == 200, lives, "{query}");
            assert_eq!(app.refresh(&tokens.refresh).status() == 200, lives, "{query}");
        }
    }
}

#[test]
fn whoever_can_refresh_can_sign_out_whatever_the_access_token() {
    for access in [None, Some("x.y.z")] {
        for (query, here_lives, there_lives) in [
            ("", false, true),
            ("?scope=others", true, false),
            ("?scope=global", false, false),
        ] {
            let app = TestApp::new();
            app.sign_up("ada@example.com");
            let (here, there) = (app.sign_in("ada@example.com"), app.sign_in("ada@example.com"));
            let path = format!("/api/v1/signout{query}");
            let body = json!({"refresh_token": here.refresh});
            // The second time it is unknown, or ended.
            for _ in 0..2 {
                assert_eq!(app.call("POST", &path, access, Some(&body)).status(), 204);
            }
            let app = app.fresh_instance();
            for (tokens, lives) in [(&here, here_lives), (&there, there_lives)] {
                assert_eq!(app.get("/api/v1/me", tokens).status() == 200, lives, "{query}");
                assert_eq!(app.refresh(&tokens.refresh).status() == 200, lives, "{query}");
            }
        }
    }
}

#[test]
fn a_refresh_token_that_is_in_the_body_counts_over_the_access_token() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    app.sign_up("bob@example.com");
    let (ada, bob) = (app.sign_in("ada@example.com"), app.sign_in("bob@example.com"));
    let body = json!({"refresh_token": ada.refresh});
    let answer = app.call("POST", "/api/v1/signout", Some(&bob.access), Some(&body));
    assert_eq!(answer.status(), 204);
    assert_eq!(app.refresh(&ada.refresh).status(), 401);
    assert_eq!(app.refresh(&bob.refresh).status(), 200);
}

#[test]
fn a_token_that_was_never_issued_is_signed_out_already_and_no_token_is_no_proof() {
    let app = TestApp::new();
    let never_issued = "A".repeat(43);
    for token in [never_issued.as_str(), "", "x"] {
        let body = json!({"refresh_token": token});
        let answer = app.call("POST", "/api/v1/signout", None, Some(&body));
        assert_eq!(answer.status(), 204, "{token}");
    }
    for body in [json!({}), json!({"refresh_token": null})] {
        let answer = app.call("POST", "/api/v1/signout", None, Some(&body));
        assert_problem(&answer, 401, "unauthenticated");
    }
}

#[test]
fn another_scope_ends_nothing() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    for query in [
        "?scope=everything",
        "?scope=",
        "?scop=global",
        "?scope=local&scope=global",
    ] {
        let answer = app.call(
            "POST",
            &format!("/api/v1/signout{query}"),
            Some(&tokens.access),
            None,
        );
        assert_problem(&answer, 422, "invalid_request");
    }
    assert_eq!(app.refresh(&tokens.refresh).status(), 200);
}

#[test]
fn a_user_sees_their_sessions_and_ends_one() {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    app.sign_up("bob@example.com");
    let (there, here) = (app.sign_in("ada@example.com"), app.sign_in("ada@example.com"));
    let bob = app.sign_in("bob@example.com");

    let list = json_of(&app.get("/api/v1/me/sessions", &here));

    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), &list["next_cursor"]), (2, &json!(null)));
    let other = sessions
        .iter()
        .find(|session| session["current"] == false)
        .unwrap();
    let id = other["id"].as_str().unwrap();
    assert_eq!(
        *other,
        json!({
            "id": id,
            "created_at": "2026-01-02T03:04:05.678Z",
            "last_used_at": "2026-01-02T03:04:05.678Z",
            "expires_at": "2026-01-16T03:04:05.678Z",
            "client_address": "192.0.2.7",
            "user_agent": "test/1",
            "current": false,
        })
    );
    let path = format!("/api/v1/me/sessions/{id}");
    // Somebody else cannot, and does not learn whether it is there.
    assert_problem(
        &app.call("DELETE", &path, Some(&bob.access), None),
        404,
        "not_found",
    );
    assert_eq!(app.call("DELETE", &path, Some(&here.access), None).status(), 204);
    let app = app.fresh_instance();
    assert_problem(&app.get("/api/v1/me", &there), 401, "invalid_token");
    assert_eq!(app.get("/api/v1/me", &here).status(), 200);
    assert_problem(
        &app.call("DELETE", &path, Some(&here.access), None),
        404,
        "not_found",
    );
    assert_problem(
        &app.call("DELETE", "/api/v1/me/sessions/x", Some(&here.access), None),
        404,
        "not_found",
    );
}
