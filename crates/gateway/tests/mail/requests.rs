//! What each provider is sent.

use jetway_gateway::domain::UserId;
use jetway_gateway::mail::{Category, Outcome, Unsubscribe};
use serde_json::json;

use crate::server::{Recorded, Server};
use crate::{deliver, message};

const LINK: &str = "https://jetway.example/api/v1/notifications/unsubscribe?token=t";

/// The request by which `provider` is sent the message.
async fn request_to(provider: &str) -> Recorded {
    let server = Server::answering(200, &[], "{}").await;
    let mut message = message();
    let user = UserId::parse("01893726-efee-7f02-8fbf-9f2b7bc2f911").unwrap();
    message.unsubscribe = Some(Unsubscribe::new(LINK.to_owned(), user, Category::Bookings));
    assert_eq!(
        deliver(provider, &server.address, &message).await,
        Outcome::Delivered
    );
    server.only_request()
}

fn list_unsubscribe() -> serde_json::Value {
    json!({"List-Unsubscribe": format!("<{LINK}>"), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})
}

#[tokio::test]
async fn resend_gets_json_and_the_idempotency_key_as_a_header() {
    let request = request_to("resend").await;
    assert_eq!(request.line, "POST /emails");
    assert_eq!(request.header("authorization"), "Bearer key-of-the-account");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("idempotency-key"), message().idempotency_key);
    assert!(request.header("user-agent").starts_with("jetway/"));
    let expected = json!({
        "from": "\"Jetway\" <no-reply@mail.jetway.example>",
        "to": ["o'hara+x@example.com"],
        "subject": "Zürich & \"São Paulo\"",
        "text": message().text,
        "html": message().html,
        "headers": list_unsubscribe(),
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn sendgrid_gets_plain_text_first_and_tracks_nothing() {
    let request = request_to("sendgrid").await;
    assert_eq!(request.line, "POST /v3/mail/send");
    assert_eq!(request.header("authorization"), "Bearer key-of-the-account");
    let expected = json!({
        "personalizations": [{"to": [{"email": "o'hara+x@example.com"}]}],
        "from": {"email": "no-reply@mail.jetway.example", "name": "Jetway"},
        "subject": "Zürich & \"São Paulo\"",
        "content": [
            {"type": "text/plain", "value": message().text},
            {"type": "text/html", "value": message().html},
        ],
        "headers": list_unsubscribe(),
        "custom_args": {"idempotency_key": message().idempotency_key},
        "tracking_settings": {
            "click_tracking": {"enable": false, "enable_text": false},
            "open_tracking": {"enable": false},
            "subscription_tracking": {"enable": false},
        },
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn mailgun_gets_a_form_under_the_senders_domain() {
    let request = request_to("mailgun").await;
    assert_eq!(request.line, "POST /v3/mail.jetway.example/messages");
    // base64 of `api:key-of-the-account`
    assert_eq!(
        request.header("authorization"),
        "Basic YXBpOmtleS1vZi10aGUtYWNjb3VudA=="
    );
    assert_eq!(
        request.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    let fields: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let key = message().idempotency_key;
    let expected = [
        ("from", "\"Jetway\" <no-reply@mail.jetway.example>"),
        ("to", "o'hara+x@example.com"),
        ("subject", "Zürich & \"São Paulo\""),
        ("text", &message().text),
        ("html", &message().html),
        ("o:tracking", "no"),
        ("v:idempotency_key", &key),
        ("h:Message-Id", &format!("<{key}@mail.jetway.example>")),
        ("h:List-Unsubscribe", &format!("<{LINK}>")),
        ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn postmark_keeps_our_message_id_and_tracks_nothing() {
    let request = request_to("postmark").await;
    assert_eq!(request.line, "POST /email");
    assert_eq!(request.header("x-postmark-server-token"), "key-of-the-account");
    assert_eq!(request.header("accept"), "application/json");
    let key = message().idempotency_key;
    let expected = json!({
        "From": "\"Jetway\" <no-reply@mail.jetway.example>",
        "To": "o'hara+x@example.com",
        "Subject": "Zürich & \"São Paulo\"",
        "TextBody": message().text,
        "HtmlBody": message().html,
        "Tag": "com.jetway.booking.confirmed.v1",
        "MessageStream": "outbound",
        "TrackOpens": false,
        "TrackLinks": "None",
        "Metadata": {"idempotency_key": key},
        "Headers": [
            {"Name": "List-Unsubscribe", "Value": format!("<{LINK}>")},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            {"Name": "Message-ID", "Value": format!("<{key}@mail.jetway.example>")},
            {"Name": "X-PM-KeepID", "Value": "true"},
        ],
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn a_mail_that_cannot_be_turned_off_has_no_header_for_it() {
    for provider in ["resend", "sendgrid", "mailgun", "postmark", "webhook"] {
        let server = Server::answering(200, &[], "{}").await;
        assert_eq!(
            deliver(provider, &server.address, &message()).await,
            Outcome::Delivered
        );
        let body = String::from_utf8(server.only_request().body.to_vec()).unwrap();
        assert!(!body.contains("List-Unsubscribe"), "{provider}: {body}");
    }
}

#[tokio::test]
async fn the_same_message_is_the_same_request_every_time() {
    for provider in ["resend", "sendgrid", "mailgun", "postmark"] {
        let (first, second) = (request_to(provider).await, request_to(provider).await);
        assert_eq!(first.body, second.body, "{provider}");
    }
}
