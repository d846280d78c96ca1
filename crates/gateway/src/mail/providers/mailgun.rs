//! Mailgun: `POST /v3/DOMAIN/messages`, as a form; the domain is that of `mail_from`. It knows no idempotency keys: the mail gets a
//! `Message-Id` of its own, by which mail servers and clients see that a second one is the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Request, header};

use super::api::{ApiBase, ApiKey, USER_AGENT};
use crate::mail::{Message, Sender};

/// An account with Mailgun.
#[derive(Debug)]
pub struct Mailgun {
    /// Its key.
    pub key: ApiKey,
    /// Where it is.
    pub base: ApiBase,
}

impl Mailgun {
    /// Where it is, unless `mail_api_url` says otherwise (`https://api.eu.mailgun.net`).
    pub(in crate::mail) const ADDRESS: &str = "https://api.mailgun.net";

    pub(super) fn request(&self, message: &Message, from: &Sender) -> Result<Request<Vec<u8>>, http::Error> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("from", &from.to_string())
            .append_pair("to", message.to.as_str())
            .append_pair("subject", &message.subject)
            .append_pair("text", &message.text)
            .append_pair("html", &message.html)
            // A link that is led through somebody else's server takes its one-time token there.
            .append_pair("o:tracking", "no")
            .append_pair("v:idempotency_key", &message.idempotency_key)
            .append_pair("h:Message-Id", &message.message_id(from));
        for (name, value) in message.headers() {
            form.append_pair(&format!("h:{name}"), &value);
        }
        let mut credentials = HeaderValue::try_from(format!(
            "Basic {}",
            STANDARD.encode(format!("api:{}", self.key.reveal()))
        ))?;
        credentials.set_sensitive(true);
        Request::post(self.base.at(&format!("/v3/{}/messages", from.domain())))
            .header(header::AUTHORIZATION, credentials)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .body(form.finish().into_bytes())
    }
}
