//! SendGrid: `POST /v3/mail/send`. It knows no idempotency keys; ours stands in `custom_args`, where its events show it.

use std::collections::BTreeMap;

use http::{Request, header};
use serde::Serialize;
use serde_json::Value;

use super::api::{ApiBase, ApiKey, post_json};
use crate::mail::{Message, Sender};

/// An account with SendGrid.
#[derive(Debug)]
pub struct SendGrid {
    /// Its key.
    pub key: ApiKey,
    /// Where it is.
    pub base: ApiBase,
}

#[derive(Serialize)]
struct Mail<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Address<'a>,
    subject: &'a str,
    /// Plain text first: SendGrid takes no other order.
    content: [Content<'a>; 2],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
    custom_args: BTreeMap<&'static str, &'a str>,
    tracking_settings: Tracking,
}

#[derive(Serialize)]
struct Personalization<'a> {
    to: [Address<'a>; 1],
}

#[derive(Serialize)]
struct Address<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'a str,
}

/// Nothing is tracked: a link that is led through somebody else's server takes its one-time token there.
#[derive(Serialize)]
struct Tracking {
    click_tracking: ClickTracking,
    open_tracking: Switch,
    subscription_tracking: Switch,
}

#[derive(Serialize)]
struct ClickTracking {
    enable: bool,
    enable_text: bool,
}

#[derive(Serialize)]
struct Switch {
    enable: bool,
}

const NO_TRACKING: Tracking = Tracking {
    click_tracking: ClickTracking {
        enable: false,
        enable_text: false,
    },
    open_tracking: Switch { enable: false },
    subscription_tracking: Switch { enable: false },
};

impl SendGrid {
    /// Where it is, unless `mail_api_url` says otherwise (`https://api.eu.sendgrid.com`).
    pub(in crate::mail) const ADDRESS: &str = "https://api.sendgrid.com";

    pub(super) fn request(&self, message: &Message, from: &Sender) -> Result<Request<Vec<u8>>, http::Error> {
        let content = |kind, value| Content { kind, value };
        let mail = Mail {
            personalizations: [Personalization {
                to: [Address {
                    email: message.to.as_str(),
                    name: None,
                }],
            }],
            from: Address {
                email: from.address.as_str(),
                name: from.name.as_deref(),
            },
            subject: &message.subject,
            content: [
                content("text/plain", &message.text),
                content("text/html", &message.html),
            ],
            headers: message.headers().into_iter().collect(),
            custom_args: [("idempotency_key", message.idempotency_key.as_str())].into(),
            tracking_settings: NO_TRACKING,
        };
        let authentication = (header::AUTHORIZATION, self.key.header("Bearer ")?);
        post_json(self.base.at("/v3/mail/send"), authentication, &mail)
    }
}

/// The messages of `{"errors": [{"message": ...}]}`.
pub(super) fn words(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let errors = json.get("errors")?.as_array()?;
    let messages: Vec<_> = errors
        .iter()
        .filter_map(|error| error.get("message")?.as_str())
        .collect();
    Some(messages.join("; "))
}
