//! Delivery to the providers: real requests to a real server, which records what comes and answers what a test wants.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod answers;
mod client;
mod post;
mod rendering;
mod requests;
mod server;
mod webhook;

use jetway_gateway::domain::EmailAddress;
use jetway_gateway::mail::{Delivery, HttpMailer, Mailer as _, Message, Outcome, Settings};
use jetway_gateway::test_support::{TestClock, TestVariables, block_on};

use client::Client;

/// The variables of a gateway whose provider is at `address`.
fn variables(provider: &str, address: &str) -> TestVariables {
    TestVariables::of(&[
        ("public_url", "https://jetway.example"),
        ("mail_provider", provider),
        ("mail_from", "Jetway <no-reply@mail.jetway.example>"),
        ("mail_api_key", "key-of-the-account"),
        ("mail_api_url", address),
        ("mail_webhook_url", &format!("{address}/hooks/mail")),
        ("mail_webhook_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ])
}

/// Hands `message` to the provider at `address`.
async fn deliver(provider: &str, address: &str, message: &Message) -> Outcome {
    let settings = block_on(Settings::read(&variables(provider, address))).unwrap();
    let Delivery::Provider { provider, from } = &settings.delivery else {
        panic!("the settings name no provider")
    };
    let mailer = HttpMailer {
        provider,
        from,
        http: &Client::new(),
        clock: &TestClock::default(),
    };
    mailer.deliver(message).await
}

/// A message with everything in it that a format could trip over.
fn message() -> Message {
    Message {
        to: EmailAddress::parse("o'hara+x@example.com").unwrap(),
        kind: "com.jetway.booking.confirmed.v1".to_owned(),
        occurred_at: "2026-01-02T03:04:05.678Z".to_owned(),
        subject: "Zürich & \"São Paulo\"".to_owned(),
        text: "Zürich, 100% + 1 & 2 = 3\n".to_owned(),
        html: "<p>Z&uuml;rich &amp; \"é\"</p>\n".to_owned(),
        idempotency_key: "01893726-efee-7f02-8fbf-9f2b7bc2f910".to_owned(),
        unsubscribe: None,
    }
}
