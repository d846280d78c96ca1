//! `POST /api/v1/signout`.

use jetway_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_session_ends_with_both_its_tokens() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    app.post("/api/v1/signout").by(&user).await.expect_empty(204);

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&user))
        .await
        .expect_problem(401, "invalid_token");
    app.eventually(401, || app.get("/api/v1/me").by(&user))
        .await
        .expect_problem(401, "invalid_token");
    app.eventually(401, || app.get("/api/v1/flights").by(&user))
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn local_is_what_no_scope_means_and_other_sessions_go_on() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;

    app.post("/api/v1/signout?scope=local")
        .by(&user)
        .await
        .expect_empty(204);

    app.eventually(401, || app.get("/api/v1/auth/check").by(&user))
        .await;
    app.get("/api/v1/auth/check").by(&other).await.expect(200);
    app.refresh(&other).await.expect_json(200);
}

#[tokio::test]
async fn a_user_can_sign_in_again() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    app.post("/api/v1/signout").by(&user).await.expect_empty(204);

    let again = app.signed_in_again(&user).await;

    app.get("/api/v1/me").by(&again).await.expect_json(200);
}

#[tokio::test]
async fn nobody_signs_out_without_being_signed_in() {
    let app = TestApp::shared();

    app.post("/api/v1/signout")
        .await
        .expect_problem(401, "unauthenticated");
    app.post("/api/v1/signout")
        .token("x.y.z")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_token_alone_signs_out_whatever_the_access_token() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;
    let body = json!({"refresh_token": user.refresh_token});

    // The second time it is unknown.
    for _ in 0..2 {
        let answer = app.post("/api/v1/signout").token("x.y.z").json(&body).await;
        answer.expect_empty(204);
    }

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&user))
        .await;
    app.refresh(&other).await.expect_json(200);
}

#[tokio::test]
async fn a_scope_that_is_none_is_refused_and_ends_nothing() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for query in [
        "scope=everything",
        "scope=",
        "scope=local&scope=global",
        "scopes=global",
    ] {
        let answer = app.post(&format!("/api/v1/signout?{query}")).by(&user).await;
        answer.expect_problem(422, "invalid_request");
    }

    app.refresh(&user).await.expect_json(200);
}

#[tokio::test]
async fn a_sign_out_reaches_the_other_gateways() {
    let app = TestApp::start();
    let other = app.another();
    let user = app.new_user().await;
    other.get("/api/v1/auth/check").by(&user).await.expect(200);

    app.post("/api/v1/signout").by(&user).await.expect_empty(204);

    other
        .eventually(401, || other.get("/api/v1/auth/check").by(&user))
        .await;
}

#[tokio::test]
async fn others_ends_all_but_this_session() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;

    app.post("/api/v1/signout?scope=others")
        .by(&user)
        .await
        .expect_empty(204);

    app.refresh(&other)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&other))
        .await;
    app.refresh(&user).await.expect_json(200);
}

#[tokio::test]
async fn global_ends_every_session_of_this_user_and_of_nobody_else() {
    let app = TestApp::shared();
    let (user, bystander) = (app.new_user().await, app.new_user().await);
    let other = app.signed_in_again(&user).await;

    app.post("/api/v1/signout?scope=global")
        .by(&user)
        .await
        .expect_empty(204);

    for ended in [&user, &other] {
        app.refresh(ended)
            .await
            .expect_problem(401, "invalid_refresh_token");
        app.eventually(401, || app.get("/api/v1/auth/check").by(ended))
            .await;
    }
    app.refresh(&bystander).await.expect_json(200);
}
