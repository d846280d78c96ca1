//! `GET /api/v1/audit`.

use jetway_tests::{TestApp, User, state};
use serde_json::{Value, json};

/// The audit log as this administrator reads it.
async fn read(app: &TestApp, admin: &User, query: &str) -> Value {
    app.get(&format!("/api/v1/audit{query}"))
        .by(admin)
        .await
        .expect_json(200)
}

fn events(page: &Value) -> &[Value] {
    page["audit_events"].as_array().unwrap()
}

#[tokio::test]
async fn every_act_of_an_administrator_says_who_whom_from_where_and_in_which_request() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    let user = app.new_user().await;
    let path = format!("/api/v1/users/{}", user.id);
    let role = json!({"name": "pilot", "description": "Flies"});
    let acts = [
        ("role.created", app.post("/api/v1/roles").json(&role)),
        ("role.granted", app.put(&format!("{path}/roles/pilot"))),
        ("role.revoked", app.delete(&format!("{path}/roles/pilot"))),
        ("role.deleted", app.delete("/api/v1/roles/pilot")),
        ("user.sessions_ended", app.delete(&format!("{path}/sessions"))),
        ("user.disabled", app.put(&format!("{path}/disabled"))),
        ("user.enabled", app.delete(&format!("{path}/disabled"))),
    ];

    for (action, call) in acts {
        let request = format!("audit-{action}");
        let answer = call.by(&admin).header("x-request-id", &request).await;
        assert!(answer.status.is_success(), "{}", answer.describe());

        let page = read(&app, &admin, &format!("?action={action}&limit=1")).await;
        let event = &events(&page)[0];
        assert_eq!(event["actor"], admin.id.as_str(), "{event}");
        assert_eq!(event["client_address"], "127.0.0.1", "{event}");
        assert_eq!(event["request_id"], request.as_str(), "{event}");
        let target = match action {
            "role.created" | "role.deleted" => Value::Null,
            _ => user.id.as_str().into(),
        };
        assert_eq!(event["target"], target, "{event}");
        if action.starts_with("role.") {
            assert_eq!(event["detail"], json!({"role": "pilot"}), "{event}");
        }
    }
    let page = read(&app, &admin, "?action=admin.bootstrapped").await;
    let event = &events(&page)[0];
    assert_eq!(
        (&event["actor"], &event["target"]),
        (&json!(admin.id), &json!(admin.id))
    );
    assert_eq!(event["client_address"], "127.0.0.1");
    assert!(event["request_id"].is_string());
}

#[tokio::test]
async fn what_changes_nothing_or_is_refused_is_no_event() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    let user = app.new_user().await;
    let path = format!("/api/v1/users/{}", user.id);
    let before = app.rows_in("audit_log");

    app.delete(&format!("{path}/disabled"))
        .by(&admin)
        .await
        .expect_empty(204);
    app.put(&format!("{path}/roles/customer"))
        .by(&admin)
        .await
        .expect_empty(204);
    app.delete(&format!("{path}/roles/airline"))
        .by(&admin)
        .await
        .expect_empty(204);
    app.delete("/api/v1/roles/admin")
        .by(&admin)
        .await
        .expect_problem(409, "role_protected");
    app.put(&format!("/api/v1/users/{}/disabled", admin.id))
        .by(&admin)
        .await
        .expect_problem(409, "last_admin");

    assert_eq!(app.rows_in("audit_log"), before);
}

#[tokio::test]
async fn pages_go_back_in_time_and_show_every_event_once_whatever_is_added_meanwhile() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    for _ in 0..4 {
        app.new_user().await;
    }
    let whole = read(&app, &admin, "?limit=100").await;
    let expected: Vec<_> = events(&whole)
        .iter()
        .map(|event| event["id"].as_i64().unwrap())
        .collect();
    assert!(
        expected.len() >= 6 && expected.is_sorted_by(|a, b| a > b),
        "{expected:?}"
    );

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(&app, &admin, &format!("?limit=2{cursor}")).await;
        seen.extend(events(&page).iter().map(|event| event["id"].as_i64().unwrap()));
        app.new_user().await;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }

    assert_eq!(seen, expected);
}

#[tokio::test]
async fn events_are_found_by_actor_target_action_and_time() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    let user = app.new_unverified_user().await;
    app.put(&format!("/api/v1/users/{}/roles/airline", user.id))
        .by(&admin)
        .await
        .expect_empty(204);
    let actions = |page: &Value| -> Vec<String> {
        events(page)
            .iter()
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect()
    };

    let by_target = read(&app, &admin, &format!("?target={}", user.id)).await;
    assert_eq!(actions(&by_target), ["role.granted", "user.registered"]);
    let by_both = read(&app, &admin, &format!("?actor={0}&target={0}", user.id)).await;
    assert_eq!(actions(&by_both), ["user.registered"]);
    let time = events(&by_target)[0]["time"].as_str().unwrap();
    let since = read(&app, &admin, &format!("?since={time}")).await;
    assert_eq!(actions(&since), ["role.granted"]);
    let until = read(&app, &admin, &format!("?until={time}&target={}", user.id)).await;
    assert_eq!(actions(&until), ["user.registered"]);
    let none = read(&app, &admin, "?action=no.such_action").await;
    assert_eq!(none, json!({"audit_events": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused() {
    let app = TestApp::shared();

    for query in [
        "actor=x",
        "target=",
        "action=Two%20words",
        "since=yesterday",
        "until=2026-01-02",
        "limit=0",
        "cursor=nonsense",
        "actors=x",
    ] {
        app.get(&format!("/api/v1/audit?{query}"))
            .by(app.admin().await)
            .await
            .expect_problem(422, "invalid_request");
    }
}

#[tokio::test]
async fn only_administrators_read_it() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    app.get("/api/v1/audit")
        .await
        .expect_problem(401, "unauthenticated");
    app.get("/api/v1/audit")
        .by(&user)
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn nobody_changes_or_removes_an_event_in_the_database_itself() {
    let app = TestApp::start();
    app.new_user().await;
    let database = state::database(&app.state());

    for change in [
        "UPDATE audit_log SET actor = NULL",
        "DELETE FROM audit_log",
        "REPLACE INTO audit_log (id, time, action) VALUES (1, '', 'nothing')",
        "UPDATE OR REPLACE audit_log SET id = id + 1",
    ] {
        let refused = database.execute(change, []).unwrap_err();
        assert!(refused.to_string().contains("audit_log_append_only"), "{refused}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_its_filters() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    for n in 0..3 {
        app.new_user().await;
        let role = json!({"name": format!("role-{n}"), "description": ""});
        app.post("/api/v1/roles").json(&role).by(&admin).await.expect(201);
    }
    let lists = [
        "/api/v1/users?limit=1",
        "/api/v1/roles?limit=1",
        "/api/v1/notifications?limit=1",
        "/api/v1/notifications?state=pending&limit=1",
        "/api/v1/audit?limit=1",
        "/api/v1/audit?action=role.created&limit=1",
        "/api/v1/audit?action=user.registered&limit=1",
    ];
    let mut cursors = Vec::new();
    for list in lists {
        let page = app.get(list).by(&admin).await.expect_json(200);
        if let Some(cursor) = page["next_cursor"].as_str() {
            cursors.push((list, cursor.to_owned()));
        }
    }
    assert!(cursors.len() >= 6, "{cursors:?}");
    for list in lists {
        for (from, cursor) in &cursors {
            let answer = app.get(&format!("{list}&cursor={cursor}")).by(&admin).await;
            if list == *from {
                answer.expect(200);
            } else {
                answer.expect_problem(422, "invalid_request");
            }
        }
    }
    // How many are shown is not which ones.
    let (list, cursor) = &cursors[0];
    let wider = list.replace("limit=1", "limit=2");
    app.get(&format!("{wider}&cursor={cursor}"))
        .by(&admin)
        .await
        .expect(200);
    // What is not a cursor, or was one of before, is none.
    for cursor in [
        "",
        "cm9sZS0x",
        "e30",
        "W10",
        "bnVsbA",
        &format!("{cursor}x"),
        &format!("{cursor}="),
    ] {
        app.get(&format!("{list}&cursor={cursor}"))
            .by(&admin)
            .await
            .expect_problem(422, "invalid_request");
    }
}
