//! `PUT /api/v1/me/password`.

use jetway_tests::app::PASSWORD;
use jetway_tests::call::Call;
use jetway_tests::{TestApp, User};
use serde_json::json;

const NEW: &str = "another fine password";

fn change(app: &TestApp, user: &User, current: &str, new: &str) -> Call {
    app.put("/api/v1/me/password")
        .by(user)
        .json(&json!({"current_password": current, "new_password": new}))
}

#[tokio::test]
async fn the_new_password_is_the_only_one() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    change(app, &user, PASSWORD, NEW).await.expect_empty(204);

    app.sign_in(&user.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    app.sign_in(&user.email, NEW).await.expect_json(200);
}

#[tokio::test]
async fn all_other_sessions_end() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;

    change(app, &user, PASSWORD, NEW).await.expect_empty(204);

    app.refresh(&other)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&other))
        .await;
    app.get("/api/v1/me").by(&user).await.expect_json(200);
    app.refresh(&user).await.expect_json(200);
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for wrong in ["not the password", "", "short", &"x".repeat(100)] {
        change(app, &user, wrong, NEW)
            .await
            .expect_problem(401, "invalid_credentials");
    }

    app.sign_in(&user.email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn a_new_password_keeps_the_rules() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let too_long = "correct horse battery! ".repeat(6);
    let refused = [("short", "password_too_short"), (&too_long, "password_too_long")];

    for (new, code) in refused {
        assert_eq!(
            change(app, &user, PASSWORD, new)
                .await
                .expect_invalid("/new_password"),
            code
        );
    }

    app.sign_in(&user.email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn nobody_changes_a_password_without_being_signed_in() {
    let app = TestApp::shared();

    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    app.put("/api/v1/me/password")
        .json(&body)
        .await
        .expect_problem(401, "unauthenticated");
}
