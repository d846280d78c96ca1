//! `POST /api/v1/admin/bootstrap`.

use jetway_tests::app::{BOOTSTRAP_TOKEN, PASSWORD, new_email};
use jetway_tests::{TestApp, state};
use serde_json::json;

#[tokio::test]
async fn the_first_administrator_is_made_once_and_for_good() {
    let mut app = TestApp::start();
    let email = new_email();

    let answer = app.bootstrap(BOOTSTRAP_TOKEN, &email).await;

    answer.expect_json(201);
    let expected = json!({"id": "…", "email": email, "roles": ["admin", "customer"], "created_at": "…"});
    assert_eq!(answer.masked(&["id", "created_at"]), expected);
    app.bootstrap(BOOTSTRAP_TOKEN, &new_email())
        .await
        .expect_problem(409, "admin_exists");
    let session = app.sign_in(&email, PASSWORD).await.expect_json(200);
    let token = session["access_token"].as_str().unwrap();
    app.get("/api/v1/roles").token(token).await.expect_json(200);
    app.restart();
    app.bootstrap(BOOTSTRAP_TOKEN, &new_email())
        .await
        .expect_problem(409, "admin_exists");
}

#[tokio::test]
async fn where_the_variable_is_empty_there_is_no_such_route() {
    let app = TestApp::with(&[("bootstrap_token", "")]);

    app.bootstrap("", &new_email())
        .await
        .expect_problem(404, "not_found");
    app.bootstrap("anything", &new_email())
        .await
        .expect_problem(404, "not_found");
    app.get("/api/v1/admin/bootstrap")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_wrong_token_makes_nobody() {
    let app = TestApp::start();

    for token in [
        "",
        "wrong",
        &BOOTSTRAP_TOKEN[1..],
        &format!("{BOOTSTRAP_TOKEN}x"),
        &BOOTSTRAP_TOKEN.to_uppercase(),
    ] {
        let answer = app.bootstrap(token, &new_email()).await;
        assert!(
            matches!(answer.status.as_u16(), 401 | 403),
            "{}",
            answer.describe()
        );
        assert!(!String::from_utf8_lossy(&answer.body).contains(BOOTSTRAP_TOKEN));
    }

    app.bootstrap(BOOTSTRAP_TOKEN, &new_email())
        .await
        .expect_json(201);
    assert_eq!(app.rows_in("users"), 1);
    assert!(!app.log().contains(BOOTSTRAP_TOKEN));
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first() {
    let app = TestApp::start();

    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(app.bootstrap(BOOTSTRAP_TOKEN, &new_email()).into_future()))
        .collect();
    let mut made = 0;
    for call in calls {
        let answer = call.await.unwrap();
        match answer.status.as_u16() {
            201 => made += 1,
            _ => drop(answer.expect_problem(409, "admin_exists")),
        }
    }

    assert_eq!(made, 1);
    let admins = "SELECT count(*) FROM user_roles WHERE role = ?1";
    assert_eq!(state::number(&app.state(), admins, "admin"), 1);
    assert_eq!(app.rows_in("users"), 1);
}

#[tokio::test]
async fn a_bad_address_or_password_is_refused_and_leaves_the_door_open() {
    let app = TestApp::start();
    let call = |email: &str, password: &str| {
        let body = json!({"token": BOOTSTRAP_TOKEN, "email": email, "password": password});
        app.post("/api/v1/admin/bootstrap").json(&body)
    };

    call("no address", PASSWORD).await.expect_invalid("/email");
    call(&new_email(), "short").await.expect_invalid("/password");

    call(&new_email(), PASSWORD).await.expect_json(201);
}
