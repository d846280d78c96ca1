//! `PATCH` and `DELETE /api/v1/me`, and `GET /api/v1/me/export`.

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::totp::Device;
use jetway_tests::{TestApp, User, state};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const REQUESTED: &str = "email.change_requested";

fn change_email(app: &TestApp, user: &User, email: &str, password: &str) -> Call {
    app.call(Method::PATCH, "/api/v1/me")
        .by(user)
        .json(&json!({"email": email, "current_password": password}))
}

fn delete(app: &TestApp, user: &User, password: &str) -> Call {
    app.delete("/api/v1/me")
        .by(user)
        .json(&json!({"password": password}))
}

fn verify(app: &TestApp, token: &str) -> Call {
    app.post("/api/v1/email/verify").json(&json!({"token": token}))
}

/// An act that is in the audit log with the address it came from.
async fn second_factor_on(app: &TestApp, user: &User) {
    let begun = app
        .post("/api/v1/me/mfa/totp")
        .by(user)
        .json(&json!({"current_password": PASSWORD}));
    let begun = begun.await.expect_json(201);
    let code = Device::with_secret(begun["secret"].as_str().unwrap())
        .code(0)
        .await;
    app.post("/api/v1/me/mfa/totp/confirm")
        .by(user)
        .json(&json!({"code": code}))
        .await
        .expect(200);
}

async fn address_of(app: &TestApp, user: &User) -> Value {
    app.get("/api/v1/me").by(user).await.expect_json(200)["email"].clone()
}

#[tokio::test]
async fn a_new_address_replaces_the_old_one_once_it_is_verified() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let new = new_email();

    change_email(app, &user, &new, PASSWORD).await.expect_empty(202);

    assert_eq!(address_of(app, &user).await, user.email.as_str());
    let mail = app.mail(REQUESTED, &user.id);
    assert_eq!(mail.data["email"], user.email.as_str(), "the old address is told");
    assert_eq!(mail.data["new_email"], new.as_str());
    verify(app, &mail.token).await.expect_empty(204);
    let renewed = app.refresh(&user).await.expect_json(200);
    assert_eq!(renewed["user"]["email"], new.as_str());
    let renewed = User::from_answer(&renewed, PASSWORD);
    let me = app.get("/api/v1/me").by(&renewed).await.expect_json(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(new), &json!(true)));
    app.sign_in(&new, PASSWORD).await.expect_json(200);
    app.sign_in(&user.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    let told = app.mail("email.changed", &user.id).data;
    assert_eq!(told["previous_email"], user.email.as_str());
}

#[tokio::test]
async fn a_merge_patch_is_taken_by_its_own_media_type_too() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let body = json!({"email": new_email(), "current_password": PASSWORD}).to_string();

    app.call(Method::PATCH, "/api/v1/me")
        .by(&user)
        .typed_body("application/merge-patch+json", body)
        .await
        .expect_empty(202);
}

#[tokio::test]
async fn an_address_that_is_taken_is_answered_alike_and_told_to_its_owner_alone() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    change_email(app, &ada, &bob.email, PASSWORD)
        .await
        .expect_empty(202);

    assert_eq!(app.mails(REQUESTED, &ada.id), 0);
    assert_eq!(app.mails("signup.attempted", &bob.id), 1);
}

#[tokio::test]
async fn an_address_that_is_claimed_meanwhile_is_whose_it_is_shown_to_be() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let new = new_email();
    change_email(app, &user, &new, PASSWORD).await.expect_empty(202);
    app.sign_up(&new).await.expect_json(201);

    verify(app, &app.mail(REQUESTED, &user.id).token)
        .await
        .expect_empty(204);

    let signed_in = app.sign_in(&new, &user.password).await.expect_json(200);
    assert_eq!(signed_in["user"]["id"], user.id.as_str());
}

#[tokio::test]
async fn who_does_not_know_the_password_changes_and_deletes_nothing() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for wrong in ["not the password", "", &"x".repeat(300)] {
        change_email(app, &user, &new_email(), wrong)
            .await
            .expect_problem(401, "invalid_credentials");
        delete(app, &user, wrong)
            .await
            .expect_problem(401, "invalid_credentials");
    }

    assert_eq!(app.mails(REQUESTED, &user.id), 0);
    assert_eq!(address_of(app, &user).await, user.email.as_str());
}

#[tokio::test]
async fn a_new_password_ends_a_change_that_is_under_way() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    change_email(app, &user, &new_email(), PASSWORD)
        .await
        .expect_empty(202);
    let body = json!({"current_password": PASSWORD, "new_password": "another fine password"});
    app.put("/api/v1/me/password")
        .by(&user)
        .json(&body)
        .await
        .expect_empty(204);

    verify(app, &app.mail(REQUESTED, &user.id).token)
        .await
        .expect_problem(422, "token_invalid");
}

#[tokio::test]
async fn two_changes_that_are_verified_at_once_leave_one_address() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let (one, other) = (new_email(), new_email());
    change_email(app, &user, &one, PASSWORD).await.expect_empty(202);
    let first = app.mail(REQUESTED, &user.id).token;
    change_email(app, &user, &other, PASSWORD).await.expect_empty(202);
    let second = app.mail(REQUESTED, &user.id).token;

    let (a, b) = tokio::join!(verify(app, &first), verify(app, &second));

    let (won, lost, address) = if a.status == 204 {
        (a, b, one)
    } else {
        (b, a, other)
    };
    won.expect_empty(204);
    lost.expect_problem(422, "token_invalid");
    let renewed = app.refresh(&user).await.expect_json(200);
    assert_eq!(renewed["user"]["email"], address.as_str());
}

#[tokio::test]
async fn a_change_is_limited_for_each_address() {
    let app = TestApp::with(&[("rate_limit_email", "1000;w=3600, 2;w=3600;by=email")]);
    let user = app.new_user().await;
    let victim = new_email();

    for _ in 0..2 {
        change_email(&app, &user, &victim, PASSWORD)
            .await
            .expect_empty(202);
    }

    change_email(&app, &user, &victim, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn a_deleted_account_leaves_its_id_and_nothing_else() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;
    change_email(&app, &user, &new_email(), PASSWORD)
        .await
        .expect_empty(202);
    second_factor_on(&app, &user).await;
    assert_eq!(app.rows_in("audit_addresses"), 1);
    // From the next refresh on, its token says that the session has shown the factor.
    let user = User::from_answer(&app.refresh(&user).await.expect_json(200), PASSWORD);

    delete(&app, &user, PASSWORD).await.expect_empty(204);

    for table in [
        "users",
        "user_roles",
        "sessions",
        "refresh_tokens",
        "one_time_tokens",
        "audit_addresses",
    ] {
        assert_eq!(app.rows_in(table), 0, "{table}");
    }
    let left = "SELECT (SELECT group_concat(data) FROM outbox)
        || (SELECT group_concat(coalesce(actor, '') || coalesce(target, '') || detail || coalesce(client_address, ''))
            FROM audit_log) || ?1";
    let left = state::text(&app.state(), left, "");
    assert!(left.contains(&user.id), "{left}");
    assert!(!left.contains('@') && !left.contains("127.0.0.1"), "{left}");
    assert_eq!(app.mails("user.deleted", &user.id), 1);
    for session in [&user, &other] {
        app.eventually(401, || app.get("/api/v1/me").by(session)).await;
        app.eventually(401, || app.get("/api/v1/auth/check").by(session))
            .await;
        app.refresh(session)
            .await
            .expect_problem(401, "invalid_refresh_token");
    }
    app.sign_in(&user.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    app.sign_up(&user.email).await.expect_json(201);
}

#[tokio::test]
async fn the_last_administrator_cannot_delete_themselves() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();

    delete(&app, &admin, PASSWORD)
        .await
        .expect_problem(409, "last_admin");

    app.get("/api/v1/me").by(&admin).await.expect_json(200);
    app.new_user_with_role("admin").await;
    delete(&app, &admin, PASSWORD).await.expect_empty(204);
}

#[tokio::test]
async fn two_administrators_who_delete_themselves_at_once_do_not_both_go() {
    let app = TestApp::start();
    let first = app.admin().await.clone();
    let second = app.new_user_with_role("admin").await;

    let (one, other) = tokio::join!(delete(&app, &first, PASSWORD), delete(&app, &second, PASSWORD));

    let (gone, stays) = if one.status == 204 {
        (one, other)
    } else {
        (other, one)
    };
    gone.expect_empty(204);
    stays.expect_problem(409, "last_admin");
    assert_eq!(app.rows_in("users"), 1);
}

#[tokio::test]
async fn a_deletion_and_sign_ins_at_once_leave_no_session() {
    let app = TestApp::start();
    let user = app.new_user().await;

    let mut calls: JoinSet<_> = (0..10)
        .map(|_| app.sign_in(&user.email, PASSWORD).into_future())
        .collect();
    let deleted = delete(&app, &user, PASSWORD).await;
    while let Some(answer) = calls.join_next().await {
        let status = answer.unwrap().status.as_u16();
        assert!([200, 401].contains(&status), "{status}");
    }

    deleted.expect_empty(204);
    assert_eq!((app.rows_in("sessions"), app.rows_in("refresh_tokens")), (0, 0));
}

#[tokio::test]
async fn an_export_holds_everything_but_hashes_and_others() {
    let app = TestApp::shared();
    let user = app.new_user_with_role("airline").await;
    let admin = app.admin().await;

    let answer = app.get("/api/v1/me/export").by(&user).await;

    let export = answer.expect_json(200);
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    assert_eq!(export["account"]["email"], user.email.as_str());
    assert_eq!(export["roles"].as_array().unwrap().len(), 2);
    assert_eq!(export["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(export["pending_tokens"], json!([]));
    let acts: Vec<_> = export["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].clone(), entry["by_you"].clone()))
        .collect();
    assert!(
        acts.contains(&(json!("user.registered"), json!(true))),
        "{acts:?}"
    );
    assert!(acts.contains(&(json!("role.granted"), json!(false))), "{acts:?}");
    assert!(!export["events"].as_array().unwrap().is_empty());
    let text = export.to_string();
    assert!(!text.contains("$2b$") && !text.contains("hash"), "{text}");
    assert!(!text.contains(&admin.id) && !text.contains(&admin.email));
}

#[tokio::test]
async fn an_export_has_bookings_reminders_and_how_one_signed_in() {
    let app = TestApp::start();
    let user = app.new_user().await;
    app.sweep().await;
    let database = state::database(&app.state());
    let rows = format!(
        "INSERT INTO bookings (id, user_id, cancelled, departure_at, data, as_of) VALUES
             ('old', '{id}', 0, '2099-01-01T00:00:00.000Z', '{{}}', '2020-01-01T00:00:00.000Z');
         INSERT INTO reminders (booking_id, due_at) VALUES ('old', '2098-12-31T00:00:00.000Z');",
        id = user.id
    );
    database.execute_batch(&rows).unwrap();

    let export = app.get("/api/v1/me/export").by(&user).await.expect_json(200);

    assert_eq!(export["bookings"][0]["id"], "old");
    assert_eq!(export["reminders"][0]["due_at"], "2098-12-31T00:00:00.000Z");
    assert_eq!(export["sessions"][0]["amr"], json!(["pwd"]));
    assert!(!export["mails"].as_array().unwrap().is_empty());
    let text = export.to_string();
    let token = app.mail("email.verification_requested", &user.id).token;
    assert!(!text.contains(&token), "a mail's token is in no export");
    assert_eq!(export["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_long_export_comes_in_pieces() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let acts = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
         INSERT INTO audit_log (time, action, actor) SELECT '2020', 'act ' || i, '{}' FROM n",
        user.id
    );
    state::database(&app.state()).execute_batch(&acts).unwrap();
    let get = |cursor: &str| app.get(&format!("/api/v1/me/export{cursor}")).by(&user);

    let mut piece = get("").await.expect_json(200);
    let mut acts = piece["audit"].as_array().unwrap().len();
    let mut pieces = 1;
    while let Some(cursor) = piece["next_cursor"].as_str() {
        piece = get(&format!("?cursor={cursor}")).await.expect_json(200);
        assert_eq!(
            piece.as_object().unwrap().len(),
            2,
            "what had no more is not said again"
        );
        acts += piece["audit"].as_array().unwrap().len();
        pieces += 1;
    }

    // With the sign-up and the verification.
    assert_eq!((acts, pieces), (242, 3));
    for strange in ["x", "", "eyJsaXN0IjoidXNlcnMiLCJzZWN0aW9ucyI6W1siYXVkaXQiLDFdXX0"] {
        let refused = get(&format!("?cursor={strange}")).await;
        refused.expect_problem(422, "invalid_request");
    }
}

#[tokio::test]
async fn nobody_does_any_of_it_without_being_signed_in() {
    let app = TestApp::shared();

    for (method, path) in [
        (Method::PATCH, "/api/v1/me"),
        (Method::DELETE, "/api/v1/me"),
        (Method::GET, "/api/v1/me/export"),
    ] {
        app.call(method, path)
            .await
            .expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn bad_input_is_refused() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for method in [Method::PATCH, Method::DELETE] {
        let call = || app.call(method.clone(), "/api/v1/me").by(&user);
        call()
            .typed_body("application/json", "{")
            .await
            .expect_problem(400, "malformed_json");
        call()
            .body("{}")
            .await
            .expect_problem(415, "unsupported_media_type");
    }
    assert_eq!(
        change_email(app, &user, "nobody", PASSWORD)
            .await
            .expect_invalid("/email"),
        "email_malformed"
    );
    let role = json!({"email": new_email(), "current_password": PASSWORD, "roles": ["admin"]});
    let answer = app.call(Method::PATCH, "/api/v1/me").by(&user).json(&role).await;
    assert_eq!(answer.expect_invalid("/roles"), "unknown_field");
    let empty = app.delete("/api/v1/me").by(&user).json(&json!({})).await;
    assert_eq!(empty.expect_invalid("/password"), "missing_field");
}
