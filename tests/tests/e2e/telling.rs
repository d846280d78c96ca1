//! Nothing that one may read tells whether an address has an account: each channel of the table in SECURITY.md that is read. (What
//! may be timed is in `timing`.)

use http::HeaderMap;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::call::Call;
use jetway_tests::{Answer, TestApp, User, state};
use serde_json::{Value, json};

/// A gateway whose sign-up does not tell, with small limits.
fn concealing() -> TestApp {
    TestApp::with(&[
        ("require_verified_email", "true"),
        ("signin_slowdown", "3;email=6;w=86400;max=3600"),
        ("rate_limit_email", "1000;w=3600, 3;w=3600;by=email"),
    ])
}

/// An address that nobody has, and those of a verified, an unverified and a disabled account.
async fn addresses(app: &TestApp) -> Vec<(&'static str, String)> {
    let all: Vec<_> = ["nobody", "verified", "unverified", "disabled"]
        .into_iter()
        .map(|name| (name, new_email()))
        .collect();
    for (_, email) in &all[1..] {
        app.sign_up(email).await.expect(202);
    }
    let database = state::database(&app.state());
    let set = |change: &str, email: &str| {
        let statement = format!("UPDATE users SET {change} = created_at WHERE email = ?1");
        assert_eq!(database.execute(&statement, [email]).unwrap(), 1);
    };
    set("email_verified_at", &all[1].1);
    set("disabled_at", &all[3].1);
    all
}

/// All of an answer but what is another every time, and the address that was sent.
fn read(answer: &Answer, email: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = HeaderMap::clone(&answer.headers);
    for name in ["date", "x-request-id", "ratelimit"] {
        headers.remove(name);
    }
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            // What a cookie holds is random: how long it is and what is said of it is the same.
            let value = match (name.as_str(), value.split_once('=')) {
                ("set-cookie", Some((name, rest))) => {
                    let (secret, attributes) = rest.split_once(';').unwrap();
                    format!("{name}={} bytes;{attributes}", secret.len())
                }
                // A window slides meanwhile; what a wrong password costs is said in a few seconds.
                ("retry-after", _) if value.parse().is_ok_and(|seconds: u32| seconds > 60) => {
                    "long".to_owned()
                }
                _ => value.to_owned(),
            };
            (name.to_string(), value)
        })
        .collect();
    headers.sort();
    let mut body = String::from_utf8_lossy(&answer.body).replace(email, "EMAIL");
    if let Ok(Value::Object(mut problem)) = serde_json::from_str(&body) {
        problem.remove("request_id");
        // It says the same as `retry-after`.
        if problem["code"] == "rate_limited" {
            problem.remove("detail");
        }
        body = Value::Object(problem).to_string();
    }
    (answer.status.as_u16(), headers, body)
}

/// Asks the same of each address, as often as it takes to meet the limits too.
async fn assert_alike(app: &TestApp, times: usize, call: impl Fn(&str) -> Call) {
    let mut answers = Vec::new();
    for (name, email) in addresses(app).await {
        let mut of_address = Vec::new();
        for _ in 0..times {
            of_address.push(read(&call(&email).await, &email));
        }
        answers.push((name, of_address));
    }
    let (_, of_nobody) = &answers[0];
    for (name, of_address) in &answers[1..] {
        assert_eq!(of_address, of_nobody, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_how_long_one_has_to_wait() {
    let app = concealing();
    assert_alike(&app, 5, |email| app.sign_in(email, "not the password")).await;
}

#[tokio::test]
async fn mails_that_are_asked_for_and_their_limits() {
    for path in [
        "/api/v1/signin/email",
        "/api/v1/password/forgot",
        "/api/v1/email/resend",
    ] {
        let app = concealing();
        assert_alike(&app, 5, |email| app.post(path).json(&json!({"email": email}))).await;
    }
}

#[tokio::test]
async fn a_sign_up_where_addresses_are_verified() {
    let app = concealing();
    assert_alike(&app, 2, |email| app.sign_up(email)).await;
}

#[tokio::test]
async fn a_code_that_is_tried() {
    let app = concealing();
    let mut answers = Vec::new();
    for (name, email) in addresses(&app).await {
        let asked = app
            .post("/api/v1/signin/email")
            .json(&json!({"email": email}))
            .await;
        let browser = asked.cookie("__Host-jetway_signin");
        let mut of_address = Vec::new();
        for _ in 0..7 {
            let body = json!({"email": email, "code": "00000000"});
            let call = app.post("/api/v1/signin/email/verify").json(&body);
            of_address.push(read(&call.header("cookie", &browser).await, &email));
        }
        answers.push((name, of_address));
    }
    for (name, of_address) in &answers[1..] {
        assert_eq!(of_address, &answers[0].1, "{name}");
    }
}

#[tokio::test]
async fn the_right_password_alone_is_told_that_the_address_is_not_verified() {
    let app = concealing();
    let email = new_email();
    app.sign_up(&email).await.expect(202);

    app.sign_in(&email, "not the password")
        .await
        .expect_problem(401, "invalid_credentials");
    // As often as one likes: it is no guess that failed.
    for _ in 0..5 {
        app.sign_in(&email, PASSWORD)
            .await
            .expect_problem(403, "email_not_verified");
    }

    let id = state::text(&app.state(), "SELECT id FROM users WHERE email = ?1", &email);
    let token = app.mail("email.verification_requested", &id).token;
    let body = json!({"token": token});
    app.post("/api/v1/email/verify").json(&body).await.expect(204);
    // Whether the password stays that of who has verified it is another matter (`email_verification`).
    let now = app.sign_in(&email, PASSWORD).await.status.as_u16();
    assert!([200, 401].contains(&now), "{now}");
}

#[tokio::test]
async fn the_second_factor_comes_before_what_is_missing() {
    let app = concealing();
    let email = new_email();
    app.sign_up(&email).await.expect(202);
    let secret = "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
        SELECT id, x'3132333435363738393031323334353637383930', created_at, created_at FROM users WHERE email = ?1";
    state::database(&app.state()).execute(secret, [&email]).unwrap();
    let with = |code: &str| {
        app.post("/api/v1/signin")
            .json(&json!({"email": email, "password": PASSWORD, "code": code}))
    };

    app.sign_in(&email, PASSWORD)
        .await
        .expect_problem(401, "mfa_required");
    let device = jetway_tests::totp::Device::with_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let code = device.code(0).await;
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    with(&wrong).await.expect_problem(401, "mfa_code_invalid");
    with(&code).await.expect_problem(403, "email_not_verified");
}

/// The export of somebody who wants to move to `email`, without what is another every time.
async fn export_after_a_change_to(app: &TestApp, user: &User, email: &str) -> String {
    let change = json!({"email": email, "current_password": PASSWORD});
    app.call(http::Method::PATCH, "/api/v1/me")
        .by(user)
        .json(&change)
        .await
        .expect_empty(202);
    let export = app.get("/api/v1/me/export").by(user).await.expect_json(200);
    let mut words = Vec::new();
    names_and_kinds(&export, "", &mut words);
    words.join("\n").replace(email, "EMAIL")
}

fn names_and_kinds(value: &Value, path: &str, words: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                names_and_kinds(member, &format!("{path}/{name}"), words);
            }
        }
        Value::Array(members) => {
            words.push(format!("{path}: {}", members.len()));
            for member in members {
                names_and_kinds(member, &format!("{path}/-"), words);
            }
        }
        Value::String(text)
            if path.ends_with("/type") || path.ends_with("/purpose") || path.ends_with("/action") =>
        {
            words.push(format!("{path}: {text}"));
        }
        other => words.push(format!("{path}: {}", other.is_null())),
    }
}

#[tokio::test]
async fn the_export_of_who_wants_to_move_to_it() {
    let app = TestApp::shared();
    let (taken, free) = (app.new_user().await.email, new_email());
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    let of_taken = export_after_a_change_to(app, &ada, &taken).await;

    assert_eq!(of_taken, export_after_a_change_to(app, &bob, &free).await);
}
