//! `/api/v1/me/mfa`, and signing in with it.

use jetway_tests::app::PASSWORD;
use jetway_tests::call::Call;
use jetway_tests::totp::Device;
use jetway_tests::{TestApp, User, state, tokens};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// A user with a second factor, the device it is on, and the recovery codes. The device's code of the step before this one is used.
struct Enrolled {
    user: User,
    device: Device,
    recovery_codes: Vec<String>,
}

async fn enroll(app: &TestApp, user: User) -> Enrolled {
    let device = begin(app, &user).await;
    let code = device.code(-1).await;
    let confirmed = confirm(app, &user, &code).await.expect_json(200);
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    Enrolled {
        user,
        device,
        recovery_codes: codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect(),
    }
}

async fn begin(app: &TestApp, user: &User) -> Device {
    let begun = app
        .post("/api/v1/me/mfa/totp")
        .by(user)
        .json(&json!({"current_password": PASSWORD}))
        .await
        .expect_json(201);
    Device::with_secret(begun["secret"].as_str().unwrap())
}

fn confirm(app: &TestApp, user: &User, code: &str) -> Call {
    app.post("/api/v1/me/mfa/totp/confirm")
        .by(user)
        .json(&json!({"code": code}))
}

fn sign_in(app: &TestApp, user: &User, more: &Value) -> Call {
    let mut body = json!({"email": user.email, "password": PASSWORD});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    app.post("/api/v1/signin").json(&body)
}

fn amr(token: &str) -> Value {
    tokens::read(token).1["amr"].clone()
}

#[tokio::test]
async fn a_secret_is_given_as_a_device_reads_it_and_counts_once_it_is_confirmed() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let begun = app
        .post("/api/v1/me/mfa/totp")
        .by(&user)
        .json(&json!({"current_password": PASSWORD}))
        .await
        .expect_json(201);

    let secret = begun["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32, "{begun}");
    let uri = begun["otpauth_uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/jetway:") && uri.contains(secret),
        "{uri}"
    );
    // Not yet.
    sign_in(app, &user, &json!({})).await.expect_json(200);
    let state = app.get("/api/v1/me/mfa").by(&user).await.expect_json(200);
    assert_eq!(
        state,
        json!({"totp": {"enabled": false, "enabled_at": null}, "recovery_codes_left": 0})
    );

    let device = Device::with_secret(secret);
    let confirmed = confirm(app, &user, &device.code(0).await).await.expect_json(200);

    assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), 10);
    let state = app.get("/api/v1/me/mfa").by(&user).await.expect_json(200);
    assert_eq!(
        (&state["totp"]["enabled"], &state["recovery_codes_left"]),
        (&json!(true), &json!(10))
    );
}

#[tokio::test]
async fn the_password_is_asked_for_before_a_secret_is_made() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    app.post("/api/v1/me/mfa/totp")
        .by(&user)
        .json(&json!({"current_password": "another password"}))
        .await
        .expect_problem(401, "invalid_credentials");
    confirm(app, &user, "123456")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_signs_nobody_in() {
    let app = TestApp::shared();
    let Enrolled { user, device, .. } = enroll(app, app.new_user().await).await;

    sign_in(app, &user, &json!({}))
        .await
        .expect_problem(401, "mfa_required");
    // Only who knows the password learns that there is one.
    app.sign_in(&user.email, "another password")
        .await
        .expect_problem(401, "invalid_credentials");
    sign_in(app, &user, &json!({"code": "12345"}))
        .await
        .expect_problem(422, "invalid_request");
    let code = device.code(0).await;
    let signed_in = sign_in(app, &user, &json!({"code": code})).await.expect_json(200);

    let token = signed_in["access_token"].as_str().unwrap();
    assert_eq!(amr(token), json!(["pwd", "otp"]));
    assert!(tokens::read(token).1["auth_time"].is_u64());
}

#[tokio::test]
async fn a_code_is_read_however_it_is_typed() {
    let app = TestApp::shared();
    let wide = |code: &str| {
        code.chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
            .collect()
    };
    let typed: [fn(&str) -> String; 6] = [
        |code| format!("{} {}", &code[..3], &code[3..]),
        |code| format!("{}-{}", &code[..3], &code[3..]),
        |code| format!(" {code}"),
        |code| format!("{code}\r\n"),
        |code| format!("\u{a0}{}\u{a0}{}", &code[..3], &code[3..]),
        |code| {
            code.chars()
                .map(|c| char::from_u32(u32::from(c) + 0x630).unwrap())
                .collect()
        },
    ];
    for typed in typed.into_iter().chain([wide as fn(&str) -> String]) {
        let Enrolled { user, device, .. } = enroll(app, app.new_user().await).await;
        let code = typed(&device.code(0).await);
        sign_in(app, &user, &json!({"code": code})).await.expect_json(200);
    }
    for typed in [
        |code: &str| format!("\u{a0}{code}\n"),
        |code: &str| code.replace('-', "\u{2013}").replace('0', "O").replace('1', "l"),
        |code: &str| code.replace('-', "").replace('0', "o").replace('1', "I"),
    ] {
        let Enrolled {
            user, recovery_codes, ..
        } = enroll(app, app.new_user().await).await;
        let code = typed(&recovery_codes[0]);
        sign_in(app, &user, &json!({"recovery_code": code}))
            .await
            .expect_json(200);
    }
}

#[tokio::test]
async fn a_field_that_nobody_filled_in_is_as_if_it_were_left_out() {
    let app = TestApp::shared();
    let without = app.new_user().await;
    for empty in [
        json!({"code": ""}),
        json!({"code": "", "recovery_code": ""}),
        json!({"code": " ", "recovery_code": null}),
    ] {
        sign_in(app, &without, &empty).await.expect_json(200);
    }
    let Enrolled {
        user,
        device,
        recovery_codes,
    } = enroll(app, app.new_user().await).await;
    for empty in [json!({"code": ""}), json!({"recovery_code": " "})] {
        sign_in(app, &user, &empty)
            .await
            .expect_problem(401, "mfa_required");
    }
    let code = json!({"code": device.code(0).await, "recovery_code": ""});
    sign_in(app, &user, &code).await.expect_json(200);
    let recovery = json!({"code": "", "recovery_code": recovery_codes[0]});
    sign_in(app, &user, &recovery).await.expect_json(200);
    let own = json!({"current_password": PASSWORD, "code": "", "recovery_code": ""});
    let removal = app.delete("/api/v1/me/mfa/totp").by(&user).json(&own).await;
    assert_eq!(removal.expect_invalid("/code"), "missing_field");
}

#[tokio::test]
async fn a_code_is_accepted_once_and_none_before_it() {
    let app = TestApp::shared();
    let Enrolled { user, device, .. } = enroll(app, app.new_user().await).await;
    let (before, now) = (device.code(-1).await, device.code(0).await);

    sign_in(app, &user, &json!({"code": now})).await.expect_json(200);

    for code in [now, before] {
        sign_in(app, &user, &json!({"code": code}))
            .await
            .expect_problem(401, "mfa_code_invalid");
    }
}

#[tokio::test]
async fn of_many_sign_ins_with_one_code_at_once_one_succeeds() {
    let app = TestApp::start();
    let enrolled = enroll(&app, app.new_user().await).await;
    let code = enrolled.device.code(0).await;
    let recovery = &enrolled.recovery_codes[0];

    for more in [json!({"code": code}), json!({"recovery_code": recovery})] {
        let mut calls: JoinSet<_> = (0..4)
            .map(|_| sign_in(&app, &enrolled.user, &more).into_future())
            .collect();
        let mut signed_in = 0;
        while let Some(answer) = calls.join_next().await {
            let answer = answer.unwrap();
            if answer.status == 200 {
                signed_in += 1;
            } else {
                answer.expect_problem(401, "mfa_code_invalid");
            }
        }
        assert_eq!(signed_in, 1, "{more}");
    }
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_in_any_writing() {
    let app = TestApp::shared();
    let enrolled = enroll(app, app.new_user().await).await;
    let code = enrolled.recovery_codes[3].replace('-', " ").to_uppercase();

    let signed_in = sign_in(app, &enrolled.user, &json!({"recovery_code": code})).await;

    let signed_in = User::from_answer(&signed_in.expect_json(200), PASSWORD);
    sign_in(app, &enrolled.user, &json!({"recovery_code": code}))
        .await
        .expect_problem(401, "mfa_code_invalid");
    let state = app.get("/api/v1/me/mfa").by(&signed_in).await.expect_json(200);
    assert_eq!(state["recovery_codes_left"], 9);
}

#[tokio::test]
async fn another_users_recovery_code_signs_nobody_in() {
    let app = TestApp::shared();
    let (ada, bob) = (
        enroll(app, app.new_user().await).await,
        enroll(app, app.new_user().await).await,
    );

    sign_in(app, &ada.user, &json!({"recovery_code": bob.recovery_codes[0]}))
        .await
        .expect_problem(401, "mfa_code_invalid");
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_a_recovery_code_still_works() {
    let app = TestApp::start();
    let enrolled = enroll(&app, app.new_user().await).await;
    let right = enrolled.device.code(0).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let body = |code: &str| json!({"current_password": PASSWORD, "code": code});
    let path = "/api/v1/me/mfa/totp";

    for _ in 0..5 {
        let answer = app.delete(path).by(&enrolled.user).json(&body(wrong)).await;
        answer.expect_problem(401, "mfa_code_invalid");
    }

    // Even the right one has to wait now.
    let answer = app.delete(path).by(&enrolled.user).json(&body(&right)).await;
    answer.expect_problem(429, "too_many_failures");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    let recovery = json!({"recovery_code": enrolled.recovery_codes[0]});
    sign_in(&app, &enrolled.user, &recovery).await.expect_json(200);
}

#[tokio::test]
async fn new_recovery_codes_take_the_place_of_the_old_ones() {
    let app = TestApp::shared();
    let enrolled = enroll(app, app.new_user().await).await;
    let body = json!({"current_password": PASSWORD, "code": enrolled.device.code(0).await});

    let fresh = app
        .post("/api/v1/me/mfa/recovery-codes")
        .by(&enrolled.user)
        .json(&body)
        .await
        .expect_json(200);

    sign_in(
        app,
        &enrolled.user,
        &json!({"recovery_code": enrolled.recovery_codes[0]}),
    )
    .await
    .expect_problem(401, "mfa_code_invalid");
    sign_in(
        app,
        &enrolled.user,
        &json!({"recovery_code": fresh["recovery_codes"][0]}),
    )
    .await
    .expect_json(200);
}

#[tokio::test]
async fn it_is_turned_off_with_the_password_and_a_code_and_both_changes_are_on_record() {
    let app = TestApp::start();
    let enrolled = enroll(&app, app.new_user().await).await;
    let user = &enrolled.user;
    let remove = |body: Value| app.delete("/api/v1/me/mfa/totp").by(user).json(&body);
    let code = enrolled.device.code(0).await;

    remove(json!({"current_password": PASSWORD}))
        .await
        .expect_problem(422, "invalid_request");
    remove(json!({"current_password": "another password", "code": code}))
        .await
        .expect_problem(401, "invalid_credentials");
    remove(json!({"current_password": PASSWORD, "code": code}))
        .await
        .expect_empty(204);

    sign_in(&app, user, &json!({})).await.expect_json(200);
    // What said that it was there has ended, and a session goes on without.
    app.eventually(401, || app.get("/api/v1/me").by(user)).await;
    let next = app.refresh(user).await.expect_json(200);
    assert_eq!(amr(next["access_token"].as_str().unwrap()), json!(["pwd"]));
    let user = &User::from_answer(&next, PASSWORD);
    let remove = |body: Value| app.delete("/api/v1/me/mfa/totp").by(user).json(&body);
    remove(json!({"current_password": PASSWORD, "code": code}))
        .await
        .expect_problem(404, "not_found");
    let events = "SELECT group_concat(type) FROM (SELECT type FROM outbox WHERE subject = ?1 AND type LIKE '%mfa%' ORDER BY rowid)";
    assert_eq!(
        state::text(&app.state(), events, &user.id),
        "com.jetway.mfa.enabled.v1,com.jetway.mfa.disabled.v1"
    );
    let entries = "SELECT group_concat(action || ' ' || audit_addresses.client_address)
        FROM audit_log JOIN audit_addresses ON entry = id
        WHERE audit_log.actor = ?1 AND action LIKE 'mfa.%' AND request_id IS NOT NULL";
    assert_eq!(
        state::text(&app.state(), entries, &user.id),
        "mfa.enabled 127.0.0.1,mfa.disabled 127.0.0.1"
    );
    assert_eq!(
        (app.rows_in("totp_secrets"), app.rows_in("recovery_codes")),
        (0, 0)
    );
}

#[tokio::test]
async fn a_session_from_before_the_factor_weakens_nothing_by_the_password_alone() {
    let app = TestApp::shared();
    let before = app.new_user().await;
    let enrolled = enroll(app, app.signed_in_again(&before).await).await;
    let new = "a brand new password";
    for call in [
        app.delete("/api/v1/me").json(&json!({"password": PASSWORD})),
        app.post("/api/v1/me/delete").json(&json!({"password": PASSWORD})),
        app.patch("/api/v1/me")
            .json(&json!({"email": "eve@example.com", "current_password": PASSWORD})),
        app.put("/api/v1/me/password")
            .json(&json!({"current_password": PASSWORD, "new_password": new})),
    ] {
        call.by(&before).await.expect_problem(401, "mfa_required");
    }

    let code = enrolled.device.code(0).await;
    let body = json!({"password": PASSWORD, "code": code});
    let answer = app.post("/api/v1/me/delete").by(&before).json(&body).await;
    answer.expect_empty(204);
}

#[tokio::test]
async fn the_factor_goes_by_a_post_too() {
    let app = TestApp::shared();
    let enrolled = enroll(app, app.new_user().await).await;
    let code = enrolled.device.code(0).await;

    app.post("/api/v1/me/mfa/totp/disable")
        .by(&enrolled.user)
        .json(&json!({"current_password": PASSWORD, "code": code}))
        .await
        .expect_empty(204);

    sign_in(app, &enrolled.user, &json!({})).await.expect_json(200);
}

#[tokio::test]
async fn a_second_device_is_refused_while_there_is_one() {
    let app = TestApp::shared();
    let enrolled = enroll(app, app.new_user().await).await;

    app.post("/api/v1/me/mfa/totp")
        .by(&enrolled.user)
        .json(&json!({"current_password": PASSWORD}))
        .await
        .expect_problem(409, "mfa_enabled");
    let code = enrolled.device.code(0).await;
    confirm(app, &enrolled.user, &code)
        .await
        .expect_problem(409, "mfa_enabled");
}

#[tokio::test]
async fn how_somebody_signed_in_is_kept_over_refreshes() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    assert_eq!(amr(&user.access_token), json!(["pwd"]));
    let auth_time = tokens::read(&user.access_token).1["auth_time"].clone();

    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), PASSWORD);
    assert_eq!(amr(&next.access_token), json!(["pwd"]));
    assert_eq!(tokens::read(&next.access_token).1["auth_time"], auth_time);

    // The session in which the device was shown has shown it.
    enroll(app, next.clone()).await;
    let next = User::from_answer(&app.refresh(&next).await.expect_json(200), PASSWORD);
    assert_eq!(amr(&next.access_token), json!(["pwd", "otp"]));
}

#[tokio::test]
async fn recovery_codes_are_stored_as_hashes_only() {
    let app = TestApp::start();
    let enrolled = enroll(&app, app.new_user().await).await;

    let stored = String::from_utf8_lossy(&state::all_bytes(&app.state())).to_lowercase();

    for code in &enrolled.recovery_codes {
        assert!(!stored.contains(code.as_str()) && !stored.contains(&code.replace('-', "")));
    }
}

#[tokio::test]
async fn where_it_is_required_administrators_need_the_second_factor_and_can_get_one() {
    let app = TestApp::with(&[("require_mfa_for_admin", "true")]);
    let admin = app.admin().await.clone();

    for path in ["/api/v1/roles", "/api/v1/users", "/api/v1/audit"] {
        let refused = app.get(path).by(&admin).await;
        refused.expect_problem(401, "mfa_required");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(
            challenge.contains("error=\"insufficient_user_authentication\""),
            "{challenge}"
        );
    }
    // Who is no administrator is told that first.
    let customer = app.new_user().await;
    app.get("/api/v1/roles")
        .by(&customer)
        .await
        .expect_problem(403, "forbidden");

    let enrolled = enroll(&app, admin).await;
    let code = enrolled.device.code(0).await;
    let signed_in = sign_in(&app, &enrolled.user, &json!({"code": code})).await;
    let stepped_up = User::from_answer(&signed_in.expect_json(200), PASSWORD);

    app.get("/api/v1/roles").by(&stepped_up).await.expect_json(200);
}

#[tokio::test]
async fn a_password_that_is_reset_leaves_the_second_factor_on() {
    let app = TestApp::shared();
    let Enrolled {
        user, recovery_codes, ..
    } = enroll(app, app.new_user().await).await;
    let forgot = json!({"email": user.email});
    app.post("/api/v1/password/forgot")
        .json(&forgot)
        .await
        .expect_empty(202);
    let token = app.mail("password.reset_requested", &user.id).token;
    let reset = json!({"token": token, "new_password": "another horse battery"});
    app.post("/api/v1/password/reset")
        .json(&reset)
        .await
        .expect_empty(204);

    app.sign_in(&user.email, "another horse battery")
        .await
        .expect_problem(401, "mfa_required");
    let both = json!({
        "email": user.email, "password": "another horse battery", "recovery_code": recovery_codes[0],
    });
    app.post("/api/v1/signin").json(&both).await.expect_json(200);
}
