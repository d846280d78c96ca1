//! Resend: `POST /emails`. It knows idempotency keys, and keeps them for a day.

use std::collections::BTreeMap;

use http::{HeaderName, Request, StatusCode, header};
use serde::Serialize;

use super::api::{ApiBase, ApiKey, member, post_json};
use crate::mail::{Message, Sender};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// An account with Resend.
#[derive(Debug)]
pub struct Resend {
    /// Its key.
    pub key: ApiKey,
    /// Where it is.
    pub base: ApiBase,
}

#[derive(Serialize)]
struct Email<'a> {
    from: String,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
}

impl Resend {
    /// Where it is, unless `mail_api_url` says otherwise.
    pub(in crate::mail) const ADDRESS: &str = "https://api.resend.com";

    pub(super) fn request(&self, message: &Message, from: &Sender) -> Result<Request<Vec<u8>>, http::Error> {
        let email = Email {
            from: from.to_string(),
            to: [message.to.as_str()],
            subject: &message.subject,
            text: &message.text,
            html: &message.html,
            headers: message.headers().into_iter().collect(),
        };
        let authentication = (header::AUTHORIZATION, self.key.header("Bearer ")?);
        let mut request = post_json(self.base.at("/emails"), authentication, &email)?;
        let key = message.idempotency_key.as_str().try_into()?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        Ok(request)
    }
}

/// A conflict with the same request, which is being answered elsewhere; any other conflict is there to stay.
pub(super) fn is_under_way(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::CONFLICT
        && member(body, "name").is_some_and(|name| name == "concurrent_idempotent_requests")
}
