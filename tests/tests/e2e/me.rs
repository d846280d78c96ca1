//! `GET /api/v1/me`.

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{TestApp, User};

#[tokio::test]
async fn a_user_sees_their_account_as_sign_up_answered_it_and_whether_the_address_is_verified() {
    let app = TestApp::shared();
    let email = new_email();
    let account = app.sign_up(&email).await.expect_json(201);
    let session = app.sign_in(&email, PASSWORD).await.expect_json(200);
    let user = User::from_answer(&session, PASSWORD);

    let me = app.get("/api/v1/me").by(&user).await.expect_json(200);

    let mut expected = account;
    expected["email_verified"] = false.into();
    assert_eq!(me, expected);
}

#[tokio::test]
async fn each_user_sees_their_own() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    assert_eq!(
        app.get("/api/v1/me").by(&ada).await.expect_json(200)["email"],
        ada.email
    );
    assert_eq!(
        app.get("/api/v1/me").by(&bob).await.expect_json(200)["email"],
        bob.email
    );
}

#[tokio::test]
async fn an_identity_header_is_not_an_identity() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    let nobody = app
        .get("/api/v1/me")
        .header("x-user-id", &ada.id)
        .header("x-user-roles", "admin")
        .await;
    let me = app.get("/api/v1/me").by(&bob).header("x-user-id", &ada.id).await;

    nobody.expect_problem(401, "unauthenticated");
    assert_eq!(me.expect_json(200)["id"], bob.id.as_str());
}

#[tokio::test]
async fn the_account_of_nobody_is_not_shown() {
    let app = TestApp::shared();

    app.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
}
