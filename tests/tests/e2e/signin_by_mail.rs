//! `POST /api/v1/signin/email` and `/verify`: signing in by a code out of a mail.

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::totp::Device;
use jetway_tests::{Answer, TestApp, User, state, tokens};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const REQUESTED: &str = "signin.code_requested";

fn ask(app: &TestApp, email: &str) -> Call {
    app.post("/api/v1/signin/email").json(&json!({"email": email}))
}

fn verify(app: &TestApp, email: &str, code: &str) -> Call {
    app.post("/api/v1/signin/email/verify")
        .json(&json!({"email": email, "code": code}))
}

fn asking(answer: &Answer) -> String {
    answer.cookie("__Host-jetway_signin")
}

/// Somebody who has asked for a code, with what their browser was given and the code.
async fn asked(app: &TestApp) -> (User, String, String) {
    let user = app.new_user().await;
    let answer = ask(app, &user.email).await;
    answer.expect_empty(202);
    let code = app.mail(REQUESTED, &user.id).code;
    (user, asking(&answer), code)
}

#[tokio::test]
async fn the_code_of_a_mail_signs_in_once() {
    let app = TestApp::shared();
    let (user, browser, code) = asked(app).await;

    let answer = verify(app, &user.email, &code).header("cookie", &browser).await;

    let signed_in = User::from_answer(&answer.expect_json(200), PASSWORD);
    let me = app.get("/api/v1/me").by(&signed_in).await.expect_json(200);
    assert_eq!(
        (&me["id"], &me["email_verified"]),
        (&json!(user.id), &json!(true))
    );
    let (_, claims) = tokens::read(&signed_in.access_token);
    assert_eq!(claims["amr"], json!(["email"]));
    answer.cookie("__Host-jetway_device");
    app.refresh(&signed_in).await.expect_json(200);
    verify(app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_problem(401, "signin_code_invalid");
    assert_eq!(app.mails("email.verified", &user.id), 1);
}

#[tokio::test]
async fn the_mail_says_the_code_and_its_subject_does_not() {
    let app = TestApp::start();
    let (user, browser, code) = asked(&app).await;
    app.sweep().await;

    let inbox = app.inbox(&user.email).await;

    let mail = inbox
        .iter()
        .find(|mail| mail["type"] == "com.jetway.signin.code_requested.v1")
        .unwrap();
    for part in ["text", "html"] {
        assert!(mail[part].as_str().unwrap().contains(&code), "{mail}");
    }
    assert!(!mail["subject"].as_str().unwrap().contains(&code[4..]), "{mail}");
    verify(&app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_json(200);
}

#[tokio::test]
async fn a_code_is_read_however_it_is_typed() {
    let app = TestApp::shared();
    for typed in [
        |code: &str| format!("{}-{}", &code[..4], &code[4..]),
        |code: &str| format!("\u{a0}{}\u{2009}{}\r\n", &code[..4], &code[4..]),
        |code: &str| {
            code.chars()
                .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
                .collect()
        },
        |code: &str| {
            code.chars()
                .map(|c| char::from_u32(u32::from(c) + 0x630).unwrap())
                .collect()
        },
    ] {
        let (user, browser, code) = asked(app).await;
        let answer = verify(app, &user.email.to_uppercase(), &typed(&code));
        answer.header("cookie", &browser).await.expect_json(200);
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_in_another_browser() {
    let app = TestApp::shared();
    let (user, browser, code) = asked(app).await;
    let elsewhere = asking(&ask(app, &user.email).await);
    let of_nobody = asking(&ask(app, &new_email()).await);

    for other in [
        None,
        Some(elsewhere),
        Some(of_nobody),
        Some("__Host-jetway_signin=x".to_owned()),
    ] {
        let mut call = verify(app, &user.email, &code);
        if let Some(other) = &other {
            call = call.header("cookie", other);
        }
        call.await.expect_problem(401, "signin_code_invalid");
    }

    // As a client without cookies has it.
    let value = browser.split_once('=').unwrap().1;
    let by_header = verify(app, &user.email, &code).header("jetway-signin", value);
    by_header.await.expect_json(200);
}

#[tokio::test]
async fn a_code_is_for_its_address_alone() {
    let app = TestApp::shared();
    let (_, browser, code) = asked(app).await;
    let other = app.new_user().await;

    verify(app, &other.email, &code)
        .header("cookie", &browser)
        .await
        .expect_problem(401, "signin_code_invalid");
}

#[tokio::test]
async fn whoever_asks_twice_may_use_either_mail() {
    let app = TestApp::shared();
    let (user, browser, first) = asked(app).await;
    let again = ask(app, &user.email).header("cookie", &browser).await;
    let (browser, second) = (asking(&again), app.mail(REQUESTED, &user.id).code);

    for code in [first, second] {
        let call = verify(app, &user.email, &code).header("cookie", &browser);
        call.await.expect_json(200);
    }
}

#[tokio::test]
async fn a_code_is_tried_five_times() {
    let app = TestApp::shared();
    let (user, browser, code) = asked(app).await;
    let wrong = format!("{:08}", (code.parse::<u32>().unwrap() + 1) % 100_000_000);
    let mut calls: JoinSet<_> = (0..10)
        .map(|_| {
            verify(app, &user.email, &wrong)
                .header("cookie", &browser)
                .into_future()
        })
        .collect();
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().expect_problem(401, "signin_code_invalid");
    }

    verify(app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_problem(401, "signin_code_invalid");
    // What somebody tries in their own browser uses up nobody else's.
    let (other, browser, code) = asked(app).await;
    let elsewhere = asking(&ask(app, &other.email).await);
    for _ in 0..6 {
        let call = verify(app, &other.email, &wrong).header("cookie", &elsewhere);
        call.await.expect_problem(401, "signin_code_invalid");
    }
    let call = verify(app, &other.email, &code).header("cookie", &browser);
    call.await.expect_json(200);
}

#[tokio::test]
async fn of_many_who_use_a_code_at_once_one_is_signed_in() {
    let app = TestApp::shared();
    let (user, browser, code) = asked(app).await;
    let mut calls: JoinSet<_> = (0..5)
        .map(|_| {
            verify(app, &user.email, &code)
                .header("cookie", &browser)
                .into_future()
        })
        .collect();
    let mut signed_in = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            200 => signed_in += 1,
            _ => drop(answer.expect_problem(401, "signin_code_invalid")),
        }
    }
    assert_eq!(signed_in, 1);
}

#[tokio::test]
async fn a_code_expires() {
    let app = TestApp::with(&[("signin_code_ttl", "1s")]);
    let (user, browser, code) = asked(&app).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;

    verify(&app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_problem(401, "signin_code_invalid");
    // And what is over goes.
    ask(&app, &user.email).await.expect_empty(202);
    assert_eq!(app.rows_in("signin_codes"), 1);
}

async fn second_factor_of(app: &TestApp, user: &User) -> Device {
    let begun = app
        .post("/api/v1/me/mfa/totp")
        .by(user)
        .json(&json!({"current_password": PASSWORD}));
    let begun = begun.await.expect_json(201);
    let device = Device::with_secret(begun["secret"].as_str().unwrap());
    app.post("/api/v1/me/mfa/totp/confirm")
        .by(user)
        .json(&json!({"code": device.code(-1).await}))
        .await
        .expect(200);
    device
}

#[tokio::test]
async fn whoever_has_a_second_factor_gives_it_besides_and_the_code_stays_good_until_then() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let device = second_factor_of(app, &user).await;
    let browser = asking(&ask(app, &user.email).await);
    let code = app.mail(REQUESTED, &user.id).code;
    let with = |more: Value| {
        let mut body = json!({"email": user.email, "code": code});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        app.post("/api/v1/signin/email/verify")
            .json(&body)
            .header("cookie", &browser)
    };

    for left_out in [
        json!({}),
        json!({"mfa_code": ""}),
        json!({"mfa_code": null, "recovery_code": " "}),
    ] {
        let problem = with(left_out).await.expect_problem(401, "mfa_required");
        assert!(
            problem["detail"].as_str().unwrap().contains("`mfa_code`"),
            "{problem}"
        );
    }
    assert_eq!(
        with(json!({"mfa_code": "12"})).await.expect_invalid("/mfa_code"),
        "code_malformed"
    );
    let answer = with(json!({"mfa_code": device.code(0).await}))
        .await
        .expect_json(200);
    let (_, claims) = tokens::read(answer["access_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["email", "otp"]));
}

#[tokio::test]
async fn the_code_shows_that_the_address_is_verified() {
    let app = TestApp::with(&[("require_verified_email", "true")]);
    let email = new_email();
    app.sign_up(&email).await.expect(202);
    let browser = asking(&ask(&app, &email).await);
    let id = state::text(&app.state(), "SELECT id FROM users WHERE email = ?1", &email);

    let code = app.mail(REQUESTED, &id).code;
    let answer = verify(&app, &email, &code).header("cookie", &browser).await;

    let user = User::from_answer(&answer.expect_json(200), PASSWORD);
    let me = app.get("/api/v1/me").by(&user).await.expect_json(200);
    assert_eq!(me["email_verified"], true);
}

#[tokio::test]
async fn whoever_shows_the_address_first_owns_it_and_what_a_stranger_set_up_ends() {
    let app = TestApp::start();
    let stranger = app.new_unverified_user().await;
    let factor = "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
        SELECT id, x'3132333435363738393031323334353637383930', created_at, created_at FROM users WHERE id = ?1";
    state::database(&app.state())
        .execute(factor, [&stranger.id])
        .unwrap();
    let browser = asking(&ask(&app, &stranger.email).await);
    let code = app.mail(REQUESTED, &stranger.id).code;

    let answer = verify(&app, &stranger.email, &code)
        .header("cookie", &browser)
        .await;

    let owner = User::from_answer(&answer.expect_json(200), PASSWORD);
    app.get("/api/v1/me").by(&owner).await.expect_json(200);
    app.eventually(401, || app.get("/api/v1/auth/check").by(&stranger))
        .await;
    app.refresh(&stranger)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.sign_in(&stranger.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    let mfa = app.get("/api/v1/me/mfa").by(&owner).await.expect_json(200);
    assert_eq!(mfa["totp"]["enabled"], false);
    // Without a password there is a way in, and to a password.
    let forgot = app
        .post("/api/v1/password/forgot")
        .json(&json!({"email": owner.email}));
    forgot.await.expect_empty(202);
    let token = app.mail("password.reset_requested", &owner.id).token;
    let reset = json!({"token": token, "new_password": "another fine password"});
    app.post("/api/v1/password/reset").json(&reset).await.expect(204);
    app.sign_in(&owner.email, "another fine password")
        .await
        .expect_json(200);
}

#[tokio::test]
async fn nothing_ends_where_the_address_was_verified_before() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    // Whatever became of what was there before.
    let forgot = app
        .post("/api/v1/password/forgot")
        .json(&json!({"email": user.email}));
    forgot.await.expect_empty(202);
    let token = app.mail("password.reset_requested", &user.id).token;
    let reset = json!({"token": token, "new_password": PASSWORD});
    app.post("/api/v1/password/reset").json(&reset).await.expect(204);
    let user = app.signed_in_again(&user).await;
    let browser = asking(&ask(app, &user.email).await);
    let code = app.mail(REQUESTED, &user.id).code;

    verify(app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_json(200);

    app.get("/api/v1/me").by(&user).await.expect_json(200);
    app.sign_in(&user.email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_code_and_one_from_before_is_worth_nothing() {
    let app = TestApp::start();
    let (user, browser, code) = asked(&app).await;
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}/disabled", user.id);
    app.put(&path).by(admin).await.expect_empty(204);

    verify(&app, &user.email, &code)
        .header("cookie", &browser)
        .await
        .expect_problem(401, "signin_code_invalid");
    ask(&app, &user.email).await.expect_empty(202);
    assert_eq!(app.mails(REQUESTED, &user.id), 1);
}

#[tokio::test]
async fn a_deleted_account_takes_its_codes_along() {
    let app = TestApp::start();
    let (user, ..) = asked(&app).await;
    app.delete("/api/v1/me")
        .by(&user)
        .json(&json!({"password": PASSWORD}))
        .await
        .expect_empty(204);
    assert_eq!((app.rows_in("signin_codes"), app.rows_in("device_links")), (0, 0));
}

#[tokio::test]
async fn the_service_never_sees_what_the_browser_was_given() {
    let app = TestApp::shared();
    let (user, browser, _) = asked(app).await;
    let answer = app
        .get("/api/v1/flights/x")
        .header("cookie", format!("a=b; {browser}"))
        .header("jetway-signin", "secret")
        .by(&user)
        .await;
    let seen = answer.expect(200).body.clone();
    let seen = String::from_utf8_lossy(&seen);
    assert!(
        !seen.contains("jetway_signin") && !seen.contains("secret"),
        "{seen}"
    );
}

#[tokio::test]
async fn bad_input_is_refused() {
    let app = TestApp::shared();
    for path in [
        "/api/v1/signin/email",
        "/api/v1/signin/email/verify",
        "/api/v1/signin/device",
    ] {
        app.post(path)
            .typed_body("application/json", "[")
            .await
            .expect_problem(400, "malformed_json");
        app.call(Method::GET, path)
            .await
            .expect_problem(405, "method_not_allowed");
    }
    assert_eq!(
        ask(app, "nobody").await.expect_invalid("/email"),
        "email_malformed"
    );
    assert_eq!(
        verify(app, "a@example.com", "123").await.expect_invalid("/code"),
        "code_malformed"
    );
    app.post("/api/v1/signin/device")
        .json(&json!({"token": "x"}))
        .await
        .expect_problem(422, "token_invalid");
}
