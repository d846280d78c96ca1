//! `/api/v1/users`.

use serde_json::{Value, json};

use crate::app::{TestApp, assert_problem, json_of};

#[test]
fn users_come_in_pages_and_each_once() {
    let app = TestApp::new();
    let admin = app.admin();
    let mut expected = vec!["admin@example.com".to_owned()];
    for i in 0..6 {
        expected.push(format!("user{i}@example.com"));
        app.sign_up(&expected[i + 1]);
    }

    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = json_of(&app.call(
            "GET",
            &format!("/api/v1/users?limit=3{cursor}"),
            Some(&admin),
            None,
        ));
        seen.extend(
            page["users"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["email"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }

    assert_eq!((seen, pages), (expected, 3));
}

#[test]
fn a_user_is_found_by_address_in_any_case_and_by_id() {
    let app = TestApp::new();
    let admin = app.admin();
    let ada = app.sign_up("ada@example.com");
    let shown = json!({"id": ada.id, "email": "ada@example.com", "roles": ["customer"], "created_at": ada.created_at,
        "disabled": false, "email_verified": false});
    let found = json_of(&app.call("GET", "/api/v1/users?email=ADA%40example.com", Some(&admin), None));
    assert_eq!(found, json!({"users": [shown], "next_cursor": null}));
    let path = format!("/api/v1/users/{}", ada.id);
    assert_eq!(json_of(&app.call("GET", &path, Some(&admin), None)), shown);
}

#[test]
fn a_bad_page_is_422() {
    let app = TestApp::new();
    let admin = app.admin();
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=-1",
        "limit=",
        "cursor=x",
        "cursor=%00",
        "limits=3",
        "email=nobody",
        "limit=1&limit=1",
    ] {
        let answer = app.call("GET", &format!("/api/v1/users?{query}"), Some(&admin), None);
        assert_problem(&answer, 422, "invalid_request");
        assert!(json_of(&answer)["errors"][0]["pointer"] == Value::Null, "{query}");
    }
}

#[test]
fn granting_and_revoking_are_idempotent_and_published() {
    let app = TestApp::new();
    let admin = app.admin();
    let ada = app.sign_up("ada@example.com").id;
    let path = format!("/api/v1/users/{ada}/roles");
    for (method, roles) in [
        ("PUT", json!(["airline", "customer"])),
        ("DELETE", json!(["customer"])),
    ] {
        for _ in 0..2 {
            let answer = app.call(method, &format!("{path}/airline"), Some(&admin), None);
            assert_eq!((answer.status().as_u16(), answer.body().len()), (204, 0));
            let list = json_of(&app.call("GET", &path, Some(&admin), None));
            assert_eq!(list, json!({"roles": roles, "next_cursor": null}));
        }
    }
    assert_eq!(*app.published.borrow(), [ada; 4]);
}

#[test]
fn who_and_what_does_not_exist_is_told() {
    let app = TestApp::new();
    let admin = app.admin();
    let ada = app.sign_up("ada@example.com").id.to_string();
    let nobody = format!("{}000000000000", &ada[..24]);
    for id in [nobody.as_str(), "x", &ada.to_uppercase()] {
        for (method, rest) in [
            ("GET", ""),
            ("GET", "/roles"),
            ("PUT", "/roles/airline"),
            ("DELETE", "/roles/airline"),
        ] {
            let answer = app.call(method, &format!("/api/v1/users/{id}{rest}"), Some(&admin), None);
            assert_problem(&answer, 404, "not_found");
        }
    }
    for role in ["pilot", "Not-A-Name"] {
        let path = format!("/api/v1/users/{ada}/roles/{role}");
        assert_problem(&app.call("PUT", &path, Some(&admin), None), 422, "unknown_role");
        assert_problem(&app.call("DELETE", &path, Some(&admin), None), 404, "not_found");
    }
    assert_eq!(*app.published.borrow(), []);
}

#[test]
fn the_last_administrator_stays() {
    let app = TestApp::new();
    let admin = app.admin();
    let list = json_of(&app.call("GET", "/api/v1/users?email=admin@example.com", Some(&admin), None));
    let path = format!(
        "/api/v1/users/{}/roles/admin",
        list["users"][0]["id"].as_str().unwrap()
    );
    assert_problem(&app.call("DELETE", &path, Some(&admin), None), 409, "last_admin");
    assert_eq!(app.call("GET", "/api/v1/roles", Some(&admin), None).status(), 200);
}

#[test]
fn a_user_is_disabled_and_enabled_and_doing_it_twice_changes_nothing() {
    let app = TestApp::new();
    let admin = app.admin();
    let ada = app.sign_up("ada@example.com").id;
    let path = format!("/api/v1/users/{ada}");
    for (method, disabled) in [("PUT", true), ("DELETE", false)] {
        for _ in 0..2 {
            let answer = app.call(method, &format!("{path}/disabled"), Some(&admin), None);
            assert_eq!((answer.status().as_u16(), answer.body().len()), (204, 0));
            let shown = json_of(&app.call("GET", &path, Some(&admin), None));
            assert_eq!(shown["disabled"], json!(disabled));
        }
    }
    let acts = "SELECT group_concat(action || client) FROM (
        SELECT action, ' ' || request_id AS client FROM audit_log WHERE action LIKE 'user.%abled' ORDER BY id)";
    assert_eq!(
        app.ports.databases.text(acts),
        "user.disabled r-1,user.enabled r-1"
    );
}

#[test]
fn the_last_administrator_is_not_disabled() {
    let app = TestApp::new();
    let admin = app.admin();
    let list = json_of(&app.call("GET", "/api/v1/users", Some(&admin), None));
    let path = format!(
        "/api/v1/users/{}/disabled",
        list["users"][0]["id"].as_str().unwrap()
    );
    assert_problem(&app.call("PUT", &path, Some(&admin), None), 409, "last_admin");
    assert_eq!(app.call("GET", "/api/v1/roles", Some(&admin), None).status(), 200);
}

#[test]
fn a_disablement_that_could_not_be_announced_is_announced_when_it_is_repeated() {
    let app = TestApp::new();
    let admin = app.admin();
    let ada = app.sign_up("ada@example.com").id;
    app.ports.databases.run(&format!(
        "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at)
         VALUES ('{ada}', '{ada}', '', '', '9')"
    ));
    let path = format!("/api/v1/users/{ada}/disabled");
    app.call("GET", "/api/v1/roles", Some(&admin), None);
    // The keys and sign-outs are remembered by the instance for a moment, so that the request comes as far as the announcement.
    app.ports.key_value.set_down(true);
    assert_problem(&app.call("PUT", &path, Some(&admin), None), 503, "not_ready");
    app.ports.key_value.set_down(false);
    assert_eq!(app.call("PUT", &path, Some(&admin), None).status(), 204);
    let announced = app.ports.key_value.keys();
    assert!(
        announced.iter().any(|key| key.contains(&ada.to_string())),
        "{announced:?}"
    );
}
