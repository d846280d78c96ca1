//! What is refused, in the log: once, with who asked from where, and without anything that is secret.

use std::time::Duration;

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::totp::Device;
use jetway_tests::{Setup, TestApp};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The lines about this request.
async fn lines(app: &TestApp, request_id: &str) -> Vec<String> {
    let mark = format!(" request_id={request_id} ");
    let find = || -> Vec<String> {
        let log = app.log();
        log.lines()
            .filter(|line| line.contains(&mark))
            .map(str::to_owned)
            .collect()
    };
    for _ in 0..40 {
        if !find().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What comes too late would be a second line.
    tokio::time::sleep(Duration::from_millis(100)).await;
    find()
}

/// The one line about this request.
#[track_caller]
fn only(lines: Vec<String>) -> String {
    match <[String; 1]>::try_from(lines) {
        Ok([line]) => line,
        Err(lines) => panic!("not one line: {lines:#?}"),
    }
}

async fn line(app: &TestApp, request_id: &str) -> String {
    only(lines(app, request_id).await)
}

#[track_caller]
fn says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is not in: {line}");
    }
}

#[tokio::test]
async fn sign_ins_are_logged_each_with_its_time_and_where_it_came_from() {
    let app = TestApp::start();
    let ada = app.new_user().await;
    let user = format!(r#"user="{}""#, ada.id);
    let nobody = new_email();
    for (email, password, id) in [
        (&ada.email, "not the password", "wrong-1"),
        (&ada.email, "not the password", "wrong-2"),
        (&nobody, PASSWORD, "nobody"),
        (&ada.email, PASSWORD, "right"),
    ] {
        app.sign_in(email, password)
            .from("127.9.8.7")
            .header("x-request-id", id)
            .await;
    }
    for id in ["wrong-1", "wrong-2"] {
        let line = line(&app, id).await;
        let parts = [
            "level=warn event=authentication_failed",
            r#"code="invalid_credentials""#,
            r#"method="POST" path="/api/v1/signin" client="127.9.8.7""#,
            &user,
        ];
        says(&line, &parts);
        let (_, time) = line.split_once("time=").unwrap();
        let time = time.split(' ').next().unwrap();
        let age = OffsetDateTime::now_utc() - OffsetDateTime::parse(time, &Rfc3339).unwrap();
        assert!(age.whole_seconds().abs() < 60, "{line}");
    }
    let unknown = line(&app, "nobody").await;
    says(
        &unknown,
        &["event=authentication_failed", r#"client="127.9.8.7""#],
    );
    assert!(!unknown.contains("user="), "{unknown}");
    let right = line(&app, "right").await;
    says(
        &right,
        &[
            "level=info event=signed_in",
            &user,
            r#"methods="pwd" client="127.9.8.7""#,
        ],
    );
    let log = app.log();
    for secret in [
        &ada.email,
        &nobody,
        PASSWORD,
        "not the password",
        &ada.access_token,
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn codes_tokens_rights_and_input_that_are_refused_are_logged_once_each() {
    let app = TestApp::start();
    let ada = app.new_user().await;
    let secret = app
        .post("/api/v1/me/mfa/totp")
        .by(&ada)
        .json(&json!({"current_password": PASSWORD}))
        .await
        .expect_json(201);
    let device = Device::with_secret(secret["secret"].as_str().unwrap());
    let code = device.code(-1).await;
    app.post("/api/v1/me/mfa/totp/confirm")
        .by(&ada)
        .json(&json!({"code": code}))
        .await
        .expect(200);
    let token = "A".repeat(43);
    let sign_in = |more: &str| json!({"email": ada.email, "password": PASSWORD, "recovery_code": more});
    let calls = [
        (
            "mfa_code_invalid",
            401,
            app.post("/api/v1/signin")
                .json(&sign_in("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")),
        ),
        ("mfa_required", 401, app.sign_in(&ada.email, PASSWORD)),
        (
            "token_invalid",
            422,
            app.post("/api/v1/email/verify").json(&json!({"token": token})),
        ),
        (
            "invalid_refresh_token",
            401,
            app.post("/api/v1/token/refresh")
                .json(&json!({"refresh_token": token})),
        ),
        (
            "invalid_token",
            401,
            app.get("/api/v1/me?secret=s3cr3t").token("x.y.z"),
        ),
        ("unauthenticated", 401, app.get("/api/v1/bookings?secret=s3cr3t")),
        // By the middleware, by the component and by the proxy.
        ("forbidden", 403, app.get("/api/v1/users?secret=s3cr3t").by(&ada)),
        (
            "malformed_json",
            400,
            app.post("/api/v1/signin")
                .typed_body("application/json", "{\"a\":1,\"a\":1}"),
        ),
    ];
    for (code, status, call) in calls {
        let answer = call.header("x-request-id", code).await;
        answer.expect_problem(status, code);
        assert_eq!(answer.header("jetway-refused"), None);
        let line = line(&app, code).await;
        says(&line, &[&format!(r#"code="{code}""#), r#"client="127.0.0.1""#]);
        if matches!(code, "mfa_code_invalid" | "mfa_required" | "forbidden") {
            says(&line, &[&format!(r#"user="{}""#, ada.id)]);
        }
    }
    let flights = app
        .call(Method::DELETE, "/api/v1/flights/7")
        .by(&ada)
        .header("x-request-id", "proxy")
        .await;
    flights.expect_problem(403, "forbidden");
    let line = line(&app, "proxy").await;
    says(
        &line,
        &[
            "event=access_denied",
            r#"method="DELETE" path="/api/v1/flights/7""#,
            &format!(r#"user="{}""#, ada.id),
        ],
    );
    let log = app.log();
    for secret in ["s3cr3t", "x.y.z", token.as_str(), "AAAA-AAAA", &ada.email] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_path_cannot_forge_a_line() {
    let app = TestApp::start();
    let path = format!("/api/v1/me/a%0Alevel=info%20event=x\"%7f{}", "y".repeat(2000));
    app.get(&path).header("x-request-id", "forged").await.expect(401);
    let line = line(&app, "forged").await;
    says(
        &line,
        &[
            "event=authentication_failed",
            "path=\"/api/v1/me/a%0Alevel=info%20event=x",
        ],
    );
    assert!(line.len() < 600, "{line}");
}

#[tokio::test]
async fn a_flood_of_refusals_is_a_line_a_second_that_counts_the_others() {
    let app = TestApp::with(&[("rate_limit_default", "2;w=600")]);
    let written = |app: &TestApp| -> Vec<String> {
        let log = app.log();
        log.lines()
            .filter(|line| line.contains(r#"code="rate_limited""#))
            .map(str::to_owned)
            .collect()
    };
    let begun = std::time::Instant::now();
    // Never idle for a second, which would end the instance and its count.
    for _ in 0..60 {
        app.get("/api/v1/flights").await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    let lines = written(&app);
    assert!((2..=seconds + 2).contains(&lines.len()), "{lines:#?}");
    says(&lines[0], &["event=limit_exceeded", r#"path="/api/v1/flights""#]);
    assert!(lines.iter().any(|line| line.contains("left_out=")), "{lines:#?}");
}

#[tokio::test]
async fn whoever_asks_through_a_trusted_proxy_is_named_and_what_others_claim_is_not() {
    let app = Setup::usual()
        .with(&[
            ("trusted_proxies", "127.0.0.9/32"),
            ("trusted_proxy_header", "x-forwarded-for"),
        ])
        .start();
    for (from, id, client) in [
        ("127.0.0.9", "proxied", "192.0.2.7"),
        ("127.0.0.8", "claimed", "127.0.0.8"),
    ] {
        app.sign_in(&new_email(), "not the password")
            .from(from)
            .header("x-forwarded-for", "192.0.2.7")
            .header("x-request-id", id)
            .await
            .expect(401);
        let line = line(&app, id).await;
        says(&line, &[&format!(r#"client="{client}""#)]);
    }
}
