//! An address that nobody has shown to have is only a claim: whoever first shows it owns the account.

use jetway_tests::TestApp;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::user::User;
use serde_json::json;

const REQUESTED: &str = "email.verification_requested";
const NEW: &str = "another staple of horses";

fn verify(app: &TestApp, token: &str) -> Call {
    app.post("/api/v1/email/verify").json(&json!({"token": token}))
}

async fn is_out(app: &TestApp, user: &User) {
    app.refresh(user)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/me").by(user)).await;
}

#[tokio::test]
async fn whoever_clicks_the_link_of_a_stranger_s_sign_up_is_rid_of_the_stranger() {
    let app = TestApp::shared();
    let stranger = app.new_unverified_user().await;

    verify(app, &app.mail(REQUESTED, &stranger.id).token)
        .await
        .expect_empty(204);

    is_out(app, &stranger).await;
    app.sign_in(&stranger.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    // Its owner chooses a password by the mail that came with it.
    let token = app.mail("password.reset_requested", &stranger.id).token;
    app.post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": NEW}))
        .await
        .expect_empty(204);
    app.sign_in(&stranger.email, NEW).await.expect_json(200);
}

#[tokio::test]
async fn who_signs_up_and_clicks_signs_in_with_the_password_that_they_chose() {
    let app = TestApp::shared();
    let email = new_email();
    let id = app.sign_up(&email).await.expect_json(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();

    verify(app, &app.mail(REQUESTED, &id).token)
        .await
        .expect_empty(204);

    app.sign_in(&email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn a_reset_takes_all_that_a_stranger_set_up() {
    let app = TestApp::shared();
    let stranger = app.new_unverified_user().await;
    app.post("/api/v1/password/forgot")
        .json(&json!({"email": stranger.email}))
        .await
        .expect_empty(202);

    let token = app.mail("password.reset_requested", &stranger.id).token;
    app.post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": NEW}))
        .await
        .expect_empty(204);

    is_out(app, &stranger).await;
    app.sign_in(&stranger.email, NEW).await.expect_json(200);
}

#[tokio::test]
async fn a_second_factor_needs_a_verified_address() {
    let app = TestApp::shared();
    let stranger = app.new_unverified_user().await;

    let begun = app
        .post("/api/v1/me/mfa/totp")
        .by(&stranger)
        .json(&json!({"current_password": PASSWORD}));

    begun.await.expect_problem(403, "email_not_verified");
}

#[tokio::test]
async fn a_stranger_s_account_that_moves_to_somebody_s_address_is_theirs_once_they_show_it() {
    let app = TestApp::shared();
    let (stranger, victim) = (app.new_unverified_user().await, new_email());
    change(app, &stranger, &victim).await;

    verify(app, &app.mail("email.change_requested", &stranger.id).token)
        .await
        .expect_empty(204);

    is_out(app, &stranger).await;
    app.sign_in(&victim, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_claim_gives_way_to_whoever_shows_the_address() {
    let app = TestApp::shared();
    let (user, squatter) = (app.new_user().await, app.new_unverified_user().await);
    change(app, &user, &squatter.email).await;

    verify(app, &app.mail("email.change_requested", &user.id).token)
        .await
        .expect_empty(204);

    let signed_in = app
        .sign_in(&squatter.email, &user.password)
        .await
        .expect_json(200);
    assert_eq!(signed_in["user"]["id"], user.id.as_str());
    app.refresh(&squatter)
        .await
        .expect_problem(401, "invalid_refresh_token");
}

async fn change(app: &TestApp, user: &User, email: &str) {
    app.patch("/api/v1/me")
        .by(user)
        .json(&json!({"email": email, "current_password": user.password}))
        .await
        .expect_empty(202);
}

#[tokio::test]
async fn a_pending_address_is_one_that_is_seen_told_of_and_taken_back() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let pending = || app.get("/api/v1/me/email-change").by(&user);
    pending().await.expect_problem(404, "not_found");
    let (mistyped, right) = (new_email(), new_email());

    change(app, &user, &mistyped).await;
    let first = app.mail("email.change_requested", &user.id).token;
    change(app, &user, &right).await;

    assert_eq!(app.mails("email.change_pending", &user.id), 2);
    assert_eq!(pending().await.expect_json(200)["email"], right.as_str());
    verify(app, &first).await.expect_problem(422, "token_invalid");
    let second = app.mail("email.change_requested", &user.id).token;
    app.delete("/api/v1/me/email-change")
        .by(&user)
        .await
        .expect_empty(204);
    pending().await.expect_problem(404, "not_found");
    verify(app, &second).await.expect_problem(422, "token_invalid");
}

#[tokio::test]
async fn a_pending_address_does_not_tell_whose_it_is() {
    let app = TestApp::shared();
    let (one, other, taken) = (app.new_user().await, app.new_user().await, app.new_user().await);

    change(app, &one, &taken.email).await;
    change(app, &other, &new_email()).await;

    for user in [&one, &other] {
        app.get("/api/v1/me/email-change").by(user).await.expect_json(200);
        assert_eq!(app.mails("email.change_pending", &user.id), 1);
    }
}
