//! The webhook, as its receiver sees it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jetway_gateway::mail::Outcome;
use serde_json::json;
use sha2::Sha256;

use crate::server::Server;
use crate::{deliver, message};

#[tokio::test]
async fn a_receiver_verifies_it_as_standard_webhooks_say() {
    let server = Server::answering(204, &[], "").await;
    assert_eq!(
        deliver("webhook", &server.address, &message()).await,
        Outcome::Delivered
    );

    let request = server.only_request();
    assert_eq!(request.line, "POST /hooks/mail");
    let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    assert_eq!(id, message().idempotency_key);
    // The clock of the tests stands at 2026-01-02T03:04:05Z.
    assert_eq!(timestamp, "1767323045");
    let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(request.header("webhook-signature"), expected);

    let payload = json!({
        "type": "com.jetway.booking.confirmed.v1",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "to": "o'hara+x@example.com",
            "from": "\"Jetway\" <no-reply@mail.jetway.example>",
            "subject": message().subject,
            "text": message().text,
            "html": message().html,
            "headers": [],
        },
    });
    assert_eq!(request.json(), payload);
}
