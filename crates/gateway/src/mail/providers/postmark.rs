//! Postmark: `POST /email`. It knows no idempotency keys: the mail keeps the `Message-ID` that we give it, by which mail servers and
//! clients see that a second one is the same.

use std::collections::BTreeMap;

use http::{HeaderName, Request};
use serde::Serialize;

use super::api::{ApiBase, ApiKey, post_json};
use crate::mail::{Message, Sender};

const TOKEN: HeaderName = HeaderName::from_static("x-postmark-server-token");

/// A server of Postmark's.
#[derive(Debug)]
pub struct Postmark {
    /// Its token.
    pub key: ApiKey,
    /// Where it is.
    pub base: ApiBase,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Email<'a> {
    from: String,
    to: &'a str,
    subject: &'a str,
    text_body: &'a str,
    html_body: &'a str,
    tag: &'a str,
    message_stream: &'static str,
    // A link that is led through somebody else's server takes its one-time token there.
    track_opens: bool,
    track_links: &'static str,
    metadata: BTreeMap<&'static str, &'a str>,
    headers: Vec<Header>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    name: &'static str,
    value: String,
}

impl Postmark {
    /// Where it is, unless `mail_api_url` says otherwise.
    pub(in crate::mail) const ADDRESS: &str = "https://api.postmarkapp.com";

    pub(super) fn request(&self, message: &Message, from: &Sender) -> Result<Request<Vec<u8>>, http::Error> {
        let header = |(name, value)| Header { name, value };
        let own = [
            ("Message-ID", message.message_id(from)),
            // Without it, Postmark sets another.
            ("X-PM-KeepID", "true".to_owned()),
        ];
        let email = Email {
            from: from.to_string(),
            to: message.to.as_str(),
            subject: &message.subject,
            text_body: &message.text,
            html_body: &message.html,
            tag: &message.kind,
            message_stream: "outbound",
            track_opens: false,
            track_links: "None",
            metadata: [("idempotency_key", message.idempotency_key.as_str())].into(),
            headers: message.headers().into_iter().chain(own).map(header).collect(),
        };
        post_json(self.base.at("/email"), (TOKEN, self.key.header("")?), &email)
    }
}
