//! Somebody goes on guessing at an address, from many places: its owner gets in on a new device all the same.

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::{Answer, Setup, TestApp, User};
use serde_json::json;

const NEW: &str = "another fine password";
/// Where the guesser is, and where the owner.
const HOME: &str = "127.9.0.1";

fn guesser(at: u32) -> String {
    format!("127.8.{}.{}", at / 200, at % 200 + 1)
}

/// A gateway whose limits are those of the manifest.
fn by_default() -> TestApp {
    Setup::usual()
        .with_defaults_of("signin_slowdown")
        .with_defaults_of("rate_limit_signin")
        .with_defaults_of("rate_limit_email")
        .start()
}

/// Somebody who has never signed in here.
async fn owner(app: &TestApp) -> (String, String) {
    let email = new_email();
    let answer = app.sign_up(&email).await.expect_json(201);
    (email, answer["id"].as_str().unwrap().to_owned())
}

/// As many wrong passwords from elsewhere as there may be in a minute, and then some: nobody gets in by a password now.
async fn guess(app: &TestApp, email: &str) {
    for at in 0..8 {
        app.sign_in(email, "not the password").from(&guesser(at)).await;
    }
    assert_stopped(&app.sign_in(email, PASSWORD).from(HOME).await);
}

#[track_caller]
fn assert_stopped(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.describe());
}

fn ask_for_code(app: &TestApp, email: &str) -> Call {
    app.post("/api/v1/signin/email").json(&json!({"email": email}))
}

fn forgot(app: &TestApp, email: &str) -> Call {
    app.post("/api/v1/password/forgot").json(&json!({"email": email}))
}

async fn sign_in_by_code(app: &TestApp, email: &str, code: &str, asking: &Answer) -> User {
    let answer = app
        .post("/api/v1/signin/email/verify")
        .json(&json!({"email": email, "code": code}))
        .header("cookie", asking.cookie("__Host-jetway_signin"))
        .from(HOME)
        .await;
    User::from_answer(&answer.expect_json(200), PASSWORD)
}

#[tokio::test]
async fn by_a_code_out_of_a_mail() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    guess(&app, &email).await;

    let asked = ask_for_code(&app, &email).from(HOME).await;
    asked.expect_empty(202);
    guess(&app, &email).await;

    let code = app.mail("signin.code_requested", &id).code;
    sign_in_by_code(&app, &email, &code, &asked).await;
}

#[tokio::test]
async fn by_a_reset_whose_answer_makes_the_device_one_that_is_known() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    guess(&app, &email).await;
    forgot(&app, &email).from(HOME).await.expect_empty(202);
    let token = app.mail("password.reset_requested", &id).token;

    let reset = app
        .post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": NEW}))
        .from(HOME)
        .await;

    reset.expect_empty(204);
    let device = reset.cookie("__Host-jetway_device");
    guess(&app, &email).await;
    let by_cookie = app.sign_in(&email, NEW).header("cookie", &device);
    by_cookie.from(HOME).await.expect_json(200);
    let value = device.split_once('=').unwrap().1;
    let by_header = app.sign_in(&email, NEW).header("jetway-device", value);
    by_header.from("127.9.0.2").await.expect_json(200);
}

#[tokio::test]
async fn whoever_uses_up_the_codes_of_an_hour_has_sent_its_owner_the_way_past_that() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    guess(&app, &email).await;
    for at in 0..4 {
        ask_for_code(&app, &email).from(&guesser(at)).await;
    }
    assert_stopped(&ask_for_code(&app, &email).from(HOME).await);
    // Of one of these mails.
    let link = app.mail("signin.code_requested", &id).token;

    let opened = app
        .post("/api/v1/signin/device")
        .json(&json!({"token": link}))
        .from(HOME)
        .await;

    opened.expect_empty(204);
    let device = opened.cookie("__Host-jetway_device");
    app.get("/api/v1/me")
        .header("cookie", &device)
        .await
        .expect_problem(401, "unauthenticated");
    // The password, where they know it; and a code, where they do not.
    let known = app.sign_in(&email, PASSWORD).header("cookie", &device);
    known.from(HOME).await.expect_json(200);
    let asked = ask_for_code(&app, &email)
        .header("cookie", &device)
        .from(HOME)
        .await;
    asked.expect_empty(202);
    let code = app.mail("signin.code_requested", &id).code;
    sign_in_by_code(&app, &email, &code, &asked).await;
    // Once.
    app.post("/api/v1/signin/device")
        .json(&json!({"token": link}))
        .await
        .expect_problem(422, "token_invalid");
}

#[tokio::test]
async fn mails_that_are_not_sent_use_up_no_codes() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    let token = app.mail("email.verification_requested", &id).token;
    app.post("/api/v1/email/verify")
        .json(&json!({"token": token}))
        .await
        .expect_empty(204);
    // There is nothing to verify any more: no mail comes of these, and they are counted with those that set a new password.
    for at in 0..4 {
        app.post("/api/v1/email/resend")
            .json(&json!({"email": email}))
            .from(&guesser(at))
            .await;
    }

    assert_stopped(&forgot(&app, &email).from(HOME).await);

    ask_for_code(&app, &email).from(HOME).await.expect_empty(202);
}

#[tokio::test]
async fn resets_that_are_used_up_have_been_sent_and_any_browser_can_use_them() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    guess(&app, &email).await;
    for at in 0..4 {
        forgot(&app, &email).from(&guesser(at)).await;
    }
    assert_stopped(&forgot(&app, &email).from(HOME).await);
    let token = app.mail("password.reset_requested", &id).token;

    let reset = app
        .post("/api/v1/password/reset")
        .json(&json!({"token": token, "new_password": NEW}))
        .from(HOME)
        .await;

    let device = reset.cookie("__Host-jetway_device");
    let again = app.sign_in(&email, NEW).header("cookie", &device);
    again.from(HOME).await.expect_json(200);
}

#[tokio::test]
async fn a_link_is_good_for_its_address_alone() {
    let app = by_default();
    let (email, id) = owner(&app).await;
    let (other, _) = owner(&app).await;
    guess(&app, &other).await;
    ask_for_code(&app, &email).await.expect_empty(202);
    let link = app.mail("signin.code_requested", &id).token;
    let opened = app
        .post("/api/v1/signin/device")
        .json(&json!({"token": link}))
        .await;
    let device = opened.cookie("__Host-jetway_device");

    let answer = app
        .sign_in(&other, PASSWORD)
        .header("cookie", &device)
        .from(HOME)
        .await;

    assert_stopped(&answer);
    // Nor for anything else.
    let verify = app.post("/api/v1/email/verify").json(&json!({"token": link}));
    verify.await.expect_problem(422, "token_invalid");
}
