//! `PUT /api/v1/me/password`.

use jetway_tests::app::{PASSWORD, new_email};
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
async fn the_same_password_on_another_keyboard_is_the_same() {
    let app = TestApp::shared();
    let email = new_email();
    let typed = "caf\u{e9} au\u{a0}lait\u{3000}noir";
    app.post("/api/v1/signup")
        .json(&json!({"email": email, "password": typed}))
        .await
        .expect_json(201);

    for again in [
        typed,
        "cafe\u{301} au lait noir",
        "caf\u{e9} au\u{202f}lait\u{2003}noir",
    ] {
        app.sign_in(&email, again).await.expect_json(200);
    }
    for other in [
        "Caf\u{e9} au lait noir",
        "caf\u{e9} au lait noir ",
        "cafe au lait noir",
    ] {
        app.sign_in(&email, other)
            .await
            .expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_new_password_holds_nothing_that_nobody_sees() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    for unseen in [
        "\u{0}", "\t", "\n", "\u{7f}", "\u{9f}", "\u{200b}", "\u{202e}", "\u{feff}",
    ] {
        let password = format!("another fine{unseen}password");
        let sign_up = json!({"email": new_email(), "password": password});
        let refused = app.post("/api/v1/signup").json(&sign_up).await;
        assert_eq!(refused.expect_invalid("/password"), "password_unseen_character");
        let refused = change(app, &user, PASSWORD, &password).await;
        assert_eq!(
            refused.expect_invalid("/new_password"),
            "password_unseen_character"
        );
        // It is nobody's, and that is all that sign-in says.
        app.sign_in(&user.email, &password)
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let seen = format!("{NEW} \u{2764}\u{fe0f} \u{1f468}\u{200d}\u{1f680}");
    change(app, &user, PASSWORD, &seen).await.expect_empty(204);
    app.sign_in(&user.email, &seen).await.expect_json(200);
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
