//! A webhook in the form of Standard Webhooks 1.0.0: the message as JSON, signed with HMAC-SHA-256.
//!
//! `webhook-id` is the idempotency key: a receiver that keeps the ids it has seen mails nobody twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Request};
use serde::Serialize;
use zeroize::Zeroizing;

use super::api::{ApiBase, post_json};
use crate::mac::{BLOCK, hmac_sha256};
use crate::mail::{Message, Sender};
use crate::ports::Timestamp;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const PREFIX: &str = "whsec_";
const MIN_KEY: usize = 24;

/// Somebody's server.
#[derive(Debug)]
pub struct Webhook {
    /// Where it is.
    pub target: ApiBase,
    /// What it knows us by.
    pub secrets: WebhookSecrets,
}

/// The secrets that webhooks are signed with, all of them: while one is being replaced there are two. `Debug` does not show them.
pub struct WebhookSecrets(Vec<Zeroizing<Vec<u8>>>);

/// Not secrets of webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `whsec_` and the base64 of 24 to 64 bytes, nor several of these with spaces between")]
pub struct InvalidWebhookSecret;

impl WebhookSecrets {
    /// Reads one or more, separated by white space.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let secrets = text
            .split_whitespace()
            .map(|secret| {
                let encoded = secret.strip_prefix(PREFIX).ok_or(InvalidWebhookSecret)?;
                let key = STANDARD.decode(encoded).map_err(|_| InvalidWebhookSecret)?;
                let key = Zeroizing::new(key);
                if (MIN_KEY..=BLOCK).contains(&key.len()) {
                    Ok(key)
                } else {
                    Err(InvalidWebhookSecret)
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if secrets.is_empty() {
            return Err(InvalidWebhookSecret);
        }
        Ok(Self(secrets))
    }

    /// The signatures of a message, in the form of the header.
    fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp}.");
        let signatures = self.0.iter().map(|secret| {
            let mac = hmac_sha256(secret, &[head.as_bytes(), body]);
            format!("v1,{}", STANDARD.encode(mac))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Debug for WebhookSecrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WebhookSecrets(..)")
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    /// When it happened, not when it is told.
    timestamp: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    to: &'a str,
    from: String,
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    headers: Vec<Header>,
}

#[derive(Serialize)]
struct Header {
    name: &'static str,
    value: String,
}

impl Webhook {
    pub(super) fn request(
        &self,
        message: &Message,
        from: &Sender,
        now: Timestamp,
    ) -> Result<Request<Vec<u8>>, http::Error> {
        let payload = Payload {
            kind: &message.kind,
            timestamp: &message.occurred_at,
            data: Data {
                to: message.to.as_str(),
                from: from.to_string(),
                subject: &message.subject,
                text: &message.text,
                html: &message.html,
                headers: message
                    .headers()
                    .into_iter()
                    .map(|(name, value)| Header { name, value })
                    .collect(),
            },
        };
        let id = message.idempotency_key.as_str();
        let authentication = (ID, HeaderValue::try_from(id)?);
        let mut request = post_json(self.target.at(""), authentication, &payload)?;
        let signature = self.secrets.sign(id, now.as_secs(), request.body());
        let headers = request.headers_mut();
        headers.insert(TIMESTAMP, HeaderValue::from(now.as_secs()));
        headers.insert(SIGNATURE, HeaderValue::try_from(signature)?);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementations.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const EXAMPLE: (&str, u64, &[u8]) = (
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );

    #[test]
    fn the_signature_is_that_of_the_reference_implementations() {
        let (id, timestamp, body) = EXAMPLE;
        let signature = WebhookSecrets::parse(SECRET).unwrap().sign(id, timestamp, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        let (id, timestamp, body) = EXAMPLE;
        let both = WebhookSecrets::parse(&format!("{other} {SECRET}")).unwrap();
        let signature = both.sign(id, timestamp, body);
        assert_eq!(signature.split(' ').count(), 2);
        assert!(signature.ends_with(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_of_another_form_or_length_is_refused_and_none_is_shown() {
        let of = |length| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        for text in [
            "",
            " ",
            "secret",
            &SECRET[6..],
            "whsec_%",
            &of(23),
            &of(65),
            &format!("{SECRET} x"),
        ] {
            assert_eq!(
                WebhookSecrets::parse(text).unwrap_err(),
                InvalidWebhookSecret,
                "{text}"
            );
        }
        assert!(WebhookSecrets::parse(&of(64)).is_ok());
        assert_eq!(
            format!("{:?}", WebhookSecrets::parse(SECRET).unwrap()),
            "WebhookSecrets(..)"
        );
    }
}
