//! What the providers' interfaces have in common.

use http::{HeaderName, HeaderValue, Request, Uri, header};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// Where an interface is: everything before the path that its documentation names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiBase(String);

/// Not the address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a URL such as `https://api.eu.mailgun.net`, without query and credentials")]
pub struct InvalidApiBase;

impl ApiBase {
    /// Reads an http or https address, with or without a path.
    pub fn parse(text: &str) -> Result<Self, InvalidApiBase> {
        let uri: Uri = text.parse().map_err(|_| InvalidApiBase)?;
        let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let plain = |authority: &http::uri::Authority| {
            !authority.as_str().contains('@') && !authority.host().is_empty()
        };
        if known_scheme && uri.authority().is_some_and(plain) && !text.contains(['?', '#']) {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(InvalidApiBase)
        }
    }

    /// An address that is ours.
    pub(in crate::mail) fn known(address: &'static str) -> Self {
        Self(address.to_owned())
    }

    /// A place below.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// A provider's key. `Debug` does not show it; dropped, it is wiped.
pub struct ApiKey(Zeroizing<String>);

/// Not a key: it could not stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has characters that no key of a provider has")]
pub struct InvalidApiKey;

impl ApiKey {
    /// Any text of visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(InvalidApiKey)
        }
    }

    /// The key, for a header. Named so that it is seen where it is used.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// The key as a header that nothing prints.
    pub(super) fn header(&self, scheme: &str) -> Result<HeaderValue, http::Error> {
        let mut value = HeaderValue::try_from(format!("{scheme}{}", self.reveal()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKey(..)")
    }
}

/// A POST of JSON.
pub(super) fn post_json(
    target: String,
    authentication: (HeaderName, HeaderValue),
    body: &impl Serialize,
) -> Result<Request<Vec<u8>>, http::Error> {
    let (name, value) = authentication;
    Request::post(target)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, USER_AGENT)
        .header(name, value)
        // Texts in structures of ours always have a form in JSON.
        .body(serde_json::to_vec(body).unwrap_or_default())
}

/// Who asks: some providers refuse a request that does not say so.
pub(super) const USER_AGENT: &str = concat!("jetway/", env!("CARGO_PKG_VERSION"));

/// The text member of this name, where the body is a JSON object that has one.
pub(super) fn member(body: &[u8], name: &str) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    Some(json.get(name)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_says_where_and_nothing_else() {
        assert_eq!(
            ApiBase::parse("https://api.eu.mailgun.net/").unwrap().at("/v3/x"),
            "https://api.eu.mailgun.net/v3/x"
        );
        for text in [
            "",
            "api.example",
            "ftp://a",
            "https://u:p@a",
            "https://a/?q",
            "https://a/#f",
            "https://",
        ] {
            assert_eq!(ApiBase::parse(text), Err(InvalidApiBase), "{text}");
        }
    }

    #[test]
    fn a_key_is_never_printed_and_never_ends_a_header() {
        let key = ApiKey::parse("re_secret").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(..)");
        assert!(!format!("{:?}", key.header("Bearer ").unwrap()).contains("secret"));
        for text in ["", "a b", "a\r\nx: y", "schlüssel"] {
            assert!(ApiKey::parse(text).is_err(), "{text:?}");
        }
    }
}
