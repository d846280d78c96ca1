//! A restart loses nothing.

use jetway_tests::app::{BOOTSTRAP_TOKEN, new_email};
use jetway_tests::{TestApp, User, tokens};
use serde_json::json;

#[tokio::test]
async fn a_restart_loses_nothing() {
    let mut app = TestApp::start();
    what_was_before_is_after(&mut app, TestApp::restart).await;
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_answered() {
    let mut app = TestApp::start();
    what_was_before_is_after(&mut app, TestApp::crash_and_restart).await;
}

async fn what_was_before_is_after(app: &mut TestApp, restart: impl FnOnce(&mut TestApp)) {
    let admin = app.admin().await.clone();
    let role = json!({"name": "auditor", "description": "Reads the books"});
    app.post("/api/v1/roles")
        .by(&admin)
        .json(&role)
        .await
        .expect_json(201);
    let user = app.new_user_with_role("auditor").await;
    let gone = app.new_user().await;
    app.post("/api/v1/signout").by(&gone).await.expect_empty(204);
    let jwks = app.get("/.well-known/jwks.json").await.json();
    let me = app.get("/api/v1/me").by(&user).await.expect_json(200);

    restart(app);

    assert_eq!(app.get("/.well-known/jwks.json").await.json(), jwks);
    // Tokens outlive the restart, and what was ended stays ended.
    assert_eq!(app.get("/api/v1/me").by(&user).await.expect_json(200), me);
    app.get("/api/v1/auth/check?role=auditor")
        .by(&user)
        .await
        .expect(200);
    app.get("/api/v1/bookings").by(&user).await.expect(200);
    app.get("/api/v1/auth/check")
        .by(&gone)
        .await
        .expect_problem(401, "invalid_token");
    app.refresh(&gone)
        .await
        .expect_problem(401, "invalid_refresh_token");
    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);
    assert!(tokens::is_signed_by(&next.access_token, &jwks));
    // So do accounts, roles and who has them.
    app.sign_up(&user.email).await.expect_problem(409, "email_taken");
    assert_eq!(app.signed_in_again(&user).await.id, user.id);
    app.get("/api/v1/users").by(&admin).await.expect_json(200);
    app.bootstrap(BOOTSTRAP_TOKEN, &new_email())
        .await
        .expect_problem(409, "admin_exists");
}

#[tokio::test]
async fn a_used_up_limit_is_used_up_after_a_restart() {
    let mut app = TestApp::with(&[("rate_limit_signup", "1;w=31622400")]);
    app.sign_up(&new_email()).await.expect_json(201);

    app.restart();

    app.sign_up(&new_email())
        .await
        .expect_problem(429, "rate_limited");
}
