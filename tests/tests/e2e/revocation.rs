//! What was said of a user and no longer holds is refused by every gateway, within a second.

use std::time::Duration;

use http::Method;
use jetway_tests::app::new_email;
use jetway_tests::{Setup, TestApp, User};
use serde_json::json;

/// A second, and what a busy machine takes.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(1200)).await;
}

/// As everybody does who sees whether a token is good: forward authentication, the proxy, and the component itself.
async fn expect_refused(app: &TestApp, user: &User) {
    for path in ["/api/v1/auth/check", "/api/v1/bookings", "/api/v1/me"] {
        app.get(path).by(user).await.expect_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_token_from_before_a_role_was_taken_is_refused_by_every_gateway_and_a_refresh_has_the_roles_of_now()
{
    let apps = Setup::usual().start_several(2);
    let (here, there) = (&apps[0], &apps[1]);
    let user = here.new_user().await;
    let admin = here.admin().await;
    let path = format!("/api/v1/users/{}/roles/airline", user.id);
    // Both remember that the token was good.
    for app in &apps {
        app.get("/api/v1/auth/check").by(&user).await.expect(200);
        app.get("/api/v1/bookings").by(&user).await.expect(200);
    }

    here.put(&path).by(admin).await.expect_empty(204);
    a_second().await;

    // What is given takes nothing away: the token from before only says less.
    for app in &apps {
        app.get("/api/v1/auth/check").by(&user).await.expect(200);
    }
    let answer = there.refresh(&user).await.expect_json(200);
    assert_eq!(answer["user"]["roles"], json!(["airline", "customer"]));
    let airline = User::from_answer(&answer, &user.password);
    for app in &apps {
        app.get("/api/v1/auth/check?role=airline")
            .by(&airline)
            .await
            .expect(200);
    }

    here.delete(&path).by(admin).await.expect_empty(204);
    a_second().await;

    expect_refused(there, &airline).await;
    let answer = here.refresh(&airline).await.expect_json(200);
    let customer = User::from_answer(&answer, &user.password);
    there
        .get("/api/v1/auth/check?role=airline")
        .by(&customer)
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn the_session_that_changes_the_password_goes_on_and_the_others_end_at_every_gateway() {
    let apps = Setup::usual().start_several(2);
    let (here, there) = (&apps[0], &apps[1]);
    let user = here.new_user().await;
    let other = there.signed_in_again(&user).await;
    let body = json!({"current_password": user.password, "new_password": "another horse battery"});

    let call = here.put("/api/v1/me/password").by(&user).json(&body);
    call.await.expect_empty(204);
    a_second().await;

    expect_refused(there, &other).await;
    there
        .refresh(&other)
        .await
        .expect_problem(401, "invalid_refresh_token");
    there.get("/api/v1/me").by(&user).await.expect_json(200);
    there.refresh(&user).await.expect_json(200);
}

#[tokio::test]
async fn a_change_of_roles_ends_the_tokens_of_nobody_else() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);
    let path = format!("/api/v1/users/{}/roles/airline", ada.id);

    app.put(&path).by(app.admin().await).await.expect_empty(204);
    a_second().await;

    app.get("/api/v1/bookings").by(&bob).await.expect(200);
}

#[tokio::test]
async fn a_token_that_says_the_old_address_is_refused_by_every_gateway_and_the_session_goes_on() {
    let apps = Setup::usual().start_several(2);
    let (here, there) = (&apps[0], &apps[1]);
    let user = here.new_user().await;
    let new = new_email();
    for app in &apps {
        app.get("/api/v1/bookings").by(&user).await.expect(200);
    }
    here.call(Method::PATCH, "/api/v1/me")
        .by(&user)
        .json(&json!({"email": new, "current_password": user.password}))
        .await
        .expect_empty(202);
    let token = here.mail("email.change_requested", &user.id).token;

    let body = json!({"token": token});
    here.post("/api/v1/email/verify")
        .json(&body)
        .await
        .expect_empty(204);
    a_second().await;

    for app in &apps {
        expect_refused(app, &user).await;
    }
    let answer = there.refresh(&user).await.expect_json(200);
    let renewed = User::from_answer(&answer, &user.password);
    let checked = there.get("/api/v1/auth/check").by(&renewed).await;
    checked.expect(200);
    assert_eq!(checked.header("x-user-email"), Some(new.as_str()));
    here.get("/api/v1/bookings").by(&renewed).await.expect(200);
}

#[tokio::test]
async fn a_token_that_changes_nothing_ends_no_access_token() {
    let app = TestApp::shared();
    let user = app.new_unverified_user().await;
    let token = app.mail("email.verification_requested", &user.id).token;

    let body = json!({"token": token});
    app.post("/api/v1/email/verify")
        .by(&user)
        .json(&body)
        .await
        .expect_empty(204);
    a_second().await;

    app.get("/api/v1/bookings").by(&user).await.expect(200);
}
