//! Mail leaves through a provider, over real HTTP from the built components; and its recipient can turn it off.

use std::sync::{Arc, Mutex};

use axum::body::to_bytes;
use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use jetway_tests::TestApp;
use jetway_tests::app::new_email;
use jetway_tests::upstream::Upstream;
use serde_json::{Value, json};

const PREFERENCES: &str = "/api/v1/me/notification-preferences";

/// Requests as a provider got them.
type Requests = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

/// A provider that answers everything with this, and what it got.
fn provider(status: u16, body: &'static str) -> (Upstream, Requests) {
    let requests = Requests::default();
    let record = Arc::clone(&requests);
    let upstream = Upstream::answering(move |request: Request| {
        let record = Arc::clone(&record);
        async move {
            let (head, request_body) = request.into_parts();
            let bytes = to_bytes(request_body, usize::MAX).await.unwrap();
            let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            record
                .lock()
                .unwrap()
                .push((head.uri.to_string(), head.headers, json));
            (
                StatusCode::from_u16(status).unwrap(),
                [("retry-after", "120")],
                body,
            )
        }
    });
    (upstream, requests)
}

/// A gateway whose mail goes to this provider.
fn mailing_through(name: &str, provider: &Upstream) -> TestApp {
    let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
    TestApp::with(&[
        ("mail_provider", name),
        ("mail_from", "Jetway <no-reply@jetway.example>"),
        ("mail_api_key", "key-of-the-account"),
        ("mail_api_url", &provider.url()),
        ("mail_webhook_url", &format!("{}/hooks/mail", provider.url())),
        ("mail_webhook_secret", &secret),
        ("mail_host", &provider.url()),
        ("public_url", "https://jetway.example"),
    ])
}

/// What a sweep says. A sign-up is told of twice: by the greeting, and by the mail that asks whether the address is its owner's.
fn tally(delivered: u64, failed: u64, dead: u64) -> Value {
    json!({"claimed": delivered + failed + dead, "delivered": delivered, "failed": failed, "dead": dead})
}

#[tokio::test]
async fn a_greeting_reaches_the_webhook_signed_and_with_a_way_out() {
    let (webhook, requests) = provider(204, "");
    let app = mailing_through("webhook", &webhook);
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);

    assert_eq!(app.sweep().await, tally(2, 0, 0));

    let requests = requests.lock().unwrap();
    let greeting =
        |(_, _, body): &&(String, HeaderMap, Value)| body["type"] == "com.jetway.user.registered.v1";
    let (target, headers, body) = requests.iter().find(greeting).unwrap();
    assert_eq!(target, "/hooks/mail");
    let header = |name| {
        headers
            .get(name)
            .map_or("", |value: &http::HeaderValue| value.to_str().unwrap())
    };
    assert!(header("webhook-signature").starts_with("v1,"));
    assert_eq!(header("webhook-id").len(), 36);
    assert!(header("webhook-timestamp").parse::<u64>().is_ok());
    assert_ne!(header("content-length"), "");
    assert_eq!(body["data"]["to"], email.as_str());
    let way_out = body["data"]["headers"][0]["value"].as_str().unwrap();
    assert!(
        way_out.starts_with("<https://jetway.example/api/v1/notifications/unsubscribe?token="),
        "{way_out}"
    );
}

#[tokio::test]
async fn resend_is_told_the_key_by_which_it_knows_a_second_try() {
    let (resend, requests) = provider(503, "{}");
    let app = mailing_through("resend", &resend);
    app.sign_up(&new_email()).await.expect_json(201);

    assert_eq!(app.sweep().await, tally(0, 2, 0));
    // It has asked for two minutes.
    assert_eq!(app.sweep().await, tally(0, 0, 0));

    let requests = requests.lock().unwrap();
    let [(target, headers, _), (_, others, _)] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(target, "/emails");
    assert_eq!(headers["authorization"], "Bearer key-of-the-account");
    assert_eq!(headers["idempotency-key"].len(), 36);
    assert_ne!(headers["idempotency-key"], others["idempotency-key"]);
}

#[tokio::test]
async fn a_refusal_is_shown_to_administrators_in_the_providers_words_without_the_key() {
    let words = r#"{"ErrorCode":406,"Message":"Inactive recipient, says key-of-the-account."}"#;
    let (postmark, _) = provider(422, words);
    let app = mailing_through("postmark", &postmark);
    app.sign_up(&new_email()).await.expect_json(201);

    assert_eq!(app.sweep().await, tally(0, 0, 2));

    let path = "/api/v1/notifications?state=dead";
    let dead = app.get(path).by(app.admin().await).await.expect_json(200);
    assert_eq!(
        dead["notifications"][0]["last_error"],
        "Postmark answered 422: Inactive recipient, says [secret]."
    );
    assert!(!app.log().contains("key-of-the-account"));
}

#[tokio::test]
async fn a_provider_that_says_nothing_holds_nobody_up_for_long() {
    let app = mailing_through("mailgun", &Upstream::stalling_after(""));
    app.sign_up(&new_email()).await.expect_json(201);
    assert_eq!(app.sweep().await, tally(0, 2, 0));
}

#[tokio::test]
async fn a_provider_that_is_not_there_or_not_allowed_is_tried_again() {
    let app = mailing_through("sendgrid", &Upstream::dead());
    app.sign_up(&new_email()).await.expect_json(201);
    assert_eq!(app.sweep().await, tally(0, 2, 0));

    let (allowed, requests) = provider(200, "");
    let app = mailing_through("sendgrid", &allowed).another_with(&[("mail_host", "https://mail.invalid")]);
    app.sign_up(&new_email()).await.expect_json(201);
    assert_eq!(app.sweep().await, tally(0, 2, 0));
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_variable_of_mail_that_cannot_be_used_is_named() {
    for (name, value, also) in [
        (
            "mail_provider",
            "pigeon",
            ("public_url", "https://jetway.example"),
        ),
        ("mail_api_key", "", ("mail_provider", "resend")),
        ("public_url", "http://jetway.example", ("mail_provider", "inbox")),
    ] {
        let app = TestApp::with(&[(name, value), also]);
        let problem = app.get("/readyz").await.expect_problem(503, "misconfigured");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{name}`")), "{detail}");
    }
}

/// The mails of this type to an address.
async fn mails(app: &TestApp, email: &str, kind: &str) -> Vec<Value> {
    let mut mails = app.inbox(email).await;
    mails.retain(|mail| mail["type"] == format!("com.jetway.{kind}.v1").as_str());
    mails
}

#[tokio::test]
async fn the_links_of_mails_verify_an_address_and_set_a_new_password() {
    let app = TestApp::start();
    let user = app.new_unverified_user().await;
    let forgot = json!({"email": user.email});
    app.post("/api/v1/password/forgot")
        .json(&forgot)
        .await
        .expect(202);
    app.sweep().await;
    let token = async |kind, page| {
        let mail = mails(&app, &user.email, kind).await.remove(0);
        let text = mail["text"].as_str().unwrap();
        let (_, rest) = text.split_once(&format!("{page}#token=")).unwrap();
        rest.lines().next().unwrap().to_owned()
    };

    let verify = json!({"token": token("email.verification_requested", "/verify-email").await});
    app.post("/api/v1/email/verify")
        .by(&user)
        .json(&verify)
        .await
        .expect_empty(204);
    let new = "a brand new and long one";
    let reset =
        json!({"token": token("password.reset_requested", "/reset-password").await, "new_password": new});
    app.post("/api/v1/password/reset")
        .json(&reset)
        .await
        .expect_empty(204);

    app.sign_in(&user.email, new).await.expect(200);
    app.sweep().await;
    assert_eq!(mails(&app, &user.email, "password.reset").await.len(), 1);
}

#[tokio::test]
async fn a_password_that_is_changed_is_told_of() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let change = json!({"current_password": user.password, "new_password": "a brand new and long one"});
    app.put("/api/v1/me/password")
        .by(&user)
        .json(&change)
        .await
        .expect_empty(204);
    app.sweep().await;
    assert_eq!(mails(&app, &user.email, "password.changed").await.len(), 1);
}

#[tokio::test]
async fn the_link_in_a_mail_turns_off_its_kind_without_signing_in() {
    let app = TestApp::start();
    let user = app.new_user().await;
    app.sweep().await;
    let mail = mails(&app, &user.email, "user.registered").await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let (_, link) = text.trim().rsplit_once(' ').unwrap();
    assert!(mail["html"].as_str().unwrap().contains(link), "{mail}");

    // A scanner follows it, and nothing happens.
    let page = app.get(link).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(
        app.get(PREFERENCES).by(&user).await.expect_json(200)["account"],
        json!(true)
    );

    // A mail client sends what RFC 8058 says.
    let form = "application/x-www-form-urlencoded";
    app.post(link)
        .typed_body(form, "List-Unsubscribe=One-Click")
        .await
        .expect(200);
    let chosen = app.get(PREFERENCES).by(&user).await.expect_json(200);
    assert_eq!(
        chosen,
        json!({"security": true, "account": false, "bookings": true, "reminders": true})
    );

    // What it is about happens again: no mail.
    let role = format!("/api/v1/users/{}/roles/airline", user.id);
    app.put(&role).by(app.admin().await).await.expect_empty(204);
    app.sweep().await;
    assert_eq!(
        mails(&app, &user.email, "role.granted").await,
        Vec::<Value>::new()
    );
}
