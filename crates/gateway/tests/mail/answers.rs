//! What comes of each class of answers.

use std::time::Duration;

use jetway_gateway::mail::Outcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::server::Server;
use crate::{deliver, message};

const ALL: [&str; 5] = ["resend", "sendgrid", "mailgun", "postmark", "webhook"];

async fn outcome(provider: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let server = Server::answering(status, headers, body).await;
    deliver(provider, &server.address, &message()).await
}

#[tokio::test]
async fn a_success_of_any_kind_is_done() {
    for provider in ALL {
        for status in [200, 201, 202, 204] {
            assert_eq!(
                outcome(provider, status, &[], "").await,
                Outcome::Delivered,
                "{provider} {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_limit_and_a_failure_are_tried_again_when_the_provider_says() {
    for provider in ALL {
        for status in [429, 500, 502, 503, 504] {
            let retry = outcome(provider, status, &[("retry-after", "17")], "<html>").await;
            let Outcome::Retry { after, words } = retry else {
                panic!("{provider} {status}: {retry:?}")
            };
            assert_eq!(after, Some(Duration::from_secs(17)), "{provider} {status}");
            assert!(words.ends_with(&format!("answered {status}")), "{words}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_in_the_providers_own_words() {
    for (provider, status, body, words) in [
        (
            "resend",
            422,
            r#"{"statusCode":422,"name":"validation_error","message":"Invalid `to` field."}"#,
            "Resend answered 422: Invalid `to` field.",
        ),
        (
            "resend",
            409,
            r#"{"statusCode":409,"name":"invalid_idempotent_request","message":"Same key, other body."}"#,
            "Resend answered 409: Same key, other body.",
        ),
        (
            "sendgrid",
            400,
            r#"{"errors":[{"message":"Bad from.","field":"from"},{"message":"Bad to.","field":null}]}"#,
            "SendGrid answered 400: Bad from.; Bad to.",
        ),
        (
            "mailgun",
            400,
            r#"{"message":"to parameter is not a valid address"}"#,
            "Mailgun answered 400: to parameter is not a valid address",
        ),
        (
            "postmark",
            422,
            r#"{"ErrorCode":406,"Message":"The recipient is inactive."}"#,
            "Postmark answered 422: The recipient is inactive.",
        ),
        (
            "webhook",
            410,
            r#"{"message":"gone"}"#,
            "the webhook answered 410",
        ),
        ("resend", 401, "not JSON", "Resend answered 401"),
        ("mailgun", 302, "", "Mailgun answered 302"),
    ] {
        let refused = Outcome::Refused {
            words: words.to_owned(),
        };
        assert_eq!(outcome(provider, status, &[], body).await, refused, "{provider}");
    }
}

#[tokio::test]
async fn the_providers_words_give_no_key_away() {
    for (provider, body) in [
        ("resend", r#"{"message":"no such key: key-of-the-account\r\nX"}"#),
        (
            "sendgrid",
            r#"{"errors":[{"message":"no such key: key-of-the-account\r\nX"}]}"#,
        ),
        ("mailgun", r#"{"message":"no such key: key-of-the-account\r\nX"}"#),
        (
            "postmark",
            r#"{"Message":"no such key: key-of-the-account\r\nX"}"#,
        ),
    ] {
        let refused = outcome(provider, 401, &[], body).await;
        let Outcome::Refused { words } = refused else {
            panic!("{provider}: {refused:?}")
        };
        assert!(
            words.ends_with(" answered 401: no such key: [secret] X"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn resend_is_asked_again_while_the_same_message_is_under_way() {
    let body = r#"{"statusCode":409,"name":"concurrent_idempotent_requests","message":"In progress."}"#;
    let retry = outcome("resend", 409, &[], body).await;
    assert!(matches!(retry, Outcome::Retry { .. }), "{retry:?}");
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for provider in ALL {
        let retry = deliver(provider, &address, &message()).await;
        assert!(
            matches!(retry, Outcome::Retry { after: None, .. }),
            "{provider}: {retry:?}"
        );
    }
}

/// A server that reads a request and then does as `then` says.
async fn server_that(hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            if hangs_up {
                let _ = stream.write_all(b"HTTP/1.1 20").await;
            } else {
                kept.push(stream);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let retry = deliver("resend", &server_that(true).await, &message()).await;
    assert!(matches!(retry, Outcome::Retry { after: None, .. }), "{retry:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_tried_again() {
    let retry = deliver("postmark", &server_that(false).await, &message()).await;
    let expected = Outcome::Retry {
        after: None,
        words: "Postmark: no answer in time".to_owned(),
    };
    assert_eq!(retry, expected);
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_refused_without_a_request() {
    let server = Server::answering(200, &[], "{}").await;
    let mut message = message();
    message.idempotency_key = "a\r\nx-evil: 1".to_owned();
    for provider in ["resend", "webhook"] {
        let refused = deliver(provider, &server.address, &message).await;
        assert!(
            matches!(refused, Outcome::Refused { .. }),
            "{provider}: {refused:?}"
        );
    }
}
