//! `POST /api/v1/signup`.

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{TestApp, state};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

#[tokio::test]
async fn a_new_user_is_answered_whole() {
    let app = TestApp::shared();
    let email = new_email();

    let answer = app.sign_up(&email).await;

    let user = answer.expect_json(201);
    let expected = json!({"id": "…", "email": email, "roles": ["customer"], "created_at": "…"});
    assert_eq!(answer.masked(&["id", "created_at"]), expected);
    let id = Uuid::parse_str(user["id"].as_str().unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 7);
    let created = OffsetDateTime::parse(user["created_at"].as_str().unwrap(), &Rfc3339).unwrap();
    assert_eq!(created.offset(), UtcOffset::UTC);
    assert!((OffsetDateTime::now_utc() - created).abs() < Duration::minutes(1));
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/users/{id}").as_str())
    );
}

#[tokio::test]
async fn the_new_user_can_sign_in() {
    let app = TestApp::shared();
    let email = new_email();
    let user = app.sign_up(&email).await.expect_json(201);

    let session = app.sign_in(&email, PASSWORD).await.expect_json(200);

    assert_eq!(
        session["user"],
        json!({"id": user["id"], "email": email, "roles": ["customer"]})
    );
}

#[tokio::test]
async fn an_address_signs_up_once() {
    let app = TestApp::shared();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    app.sign_up(&email).await.expect_problem(409, "email_taken");
}

#[tokio::test]
async fn an_address_in_other_case_is_the_same_address() {
    let app = TestApp::shared();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    app.sign_up(&email.to_uppercase())
        .await
        .expect_problem(409, "email_taken");
    app.sign_in(&email.to_uppercase(), PASSWORD)
        .await
        .expect_json(200);
}

#[tokio::test]
async fn only_a_bcrypt_hash_of_the_password_is_stored() {
    let app = TestApp::start();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    let hash = state::text(
        &app.state(),
        "SELECT password_hash FROM users WHERE email = ?1",
        &email,
    );

    assert!(
        hash.starts_with("$bcrypt-hmac-sha256$p=0$2b$04$") && hash.len() == 83,
        "{hash}"
    );
    let disk = state::all_bytes(&app.state());
    assert!(
        !disk
            .windows(PASSWORD.len())
            .any(|bytes| bytes == PASSWORD.as_bytes())
    );
    assert!(!app.log().contains(PASSWORD));
}

#[tokio::test]
async fn the_database_refuses_a_password_that_is_not_hashed() {
    let app = TestApp::start();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    let change = "UPDATE users SET password_hash = ?1 WHERE email = ?2";
    let error = state::database(&app.state())
        .execute(change, [PASSWORD, &email])
        .unwrap_err();

    assert!(error.to_string().contains("CHECK"), "{error}");
}

#[tokio::test]
async fn the_role_and_the_event_come_with_the_user() {
    let app = TestApp::start();
    let email = new_email();

    let user = app.sign_up(&email).await.expect_json(201);

    let id = user["id"].as_str().unwrap();
    assert_eq!(
        state::number(
            &app.state(),
            "SELECT count(*) FROM user_roles WHERE user_id = ?1",
            id
        ),
        1
    );
    for event in ["user.registered", "email.verification_requested"] {
        assert_eq!(app.mails(event, id), 1, "{event}");
    }
}

#[tokio::test]
async fn a_refused_sign_up_leaves_no_trace() {
    let app = TestApp::start();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    app.sign_up(&email).await.expect_problem(409, "email_taken");

    for (table, expected) in [
        ("users", 1),
        ("user_roles", 1),
        ("outbox", 2),
        ("one_time_tokens", 1),
    ] {
        assert_eq!(app.rows_in(table), expected, "{table}");
    }
}
