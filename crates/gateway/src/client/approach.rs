//! How the client reached us, as it sees it itself: the scheme and the host that it asked for.
//!
//! A proxy before us is believed in a header only where the operator says that it writes that header: one that it leaves alone
//! holds whatever the client has written.

use http::{HeaderMap, HeaderName, Request};

use super::{Client, Settings};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Longer names are none (RFC 1035, section 3.1); with a port.
const MAX_HOST: usize = 261;

/// A header that trusted proxies write, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenByProxies(Option<HeaderName>);

/// Not the name of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither `none` nor the name of one header")]
pub struct InvalidHeaderName;

impl WrittenByProxies {
    /// Nearly every proxy that takes the encryption off says so here.
    pub(super) const PROTO: Self = Self(Some(X_FORWARDED_PROTO));
    pub(super) const NONE: Self = Self(None);

    /// `none`, or a name.
    pub fn parse(text: &str) -> Result<Self, InvalidHeaderName> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::NONE);
        }
        let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| InvalidHeaderName)?;
        Ok(Self(Some(name)))
    }

    /// Its value, where it is there once.
    fn value<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut values = headers.get_all(self.0.as_ref()?).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        value.to_str().ok()
    }
}

/// The scheme and the host that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approach<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host, with its port; `None` where nobody says one that is plain.
    pub host: Option<&'a str>,
}

impl<'a> Approach<'a> {
    /// As the connection to us was, or as a trusted proxy says that the connection to it was.
    pub fn of<B>(request: &'a Request<B>, client: &Client, settings: &Settings) -> Self {
        let uri = request.uri();
        let trusted = Some(request.headers()).filter(|_| client.via_trusted_proxy);
        let proto = trusted.and_then(|headers| settings.proto_header.value(headers));
        let host = trusted.and_then(|headers| settings.host_header.value(headers));
        let own_scheme = uri.scheme_str().unwrap_or("http");
        Self {
            scheme: match proto {
                Some("https") => "https",
                Some("http") => "http",
                _ if own_scheme == "https" => "https",
                _ => "http",
            },
            host: host
                .filter(|host| is_plain(host))
                .or_else(|| uri.authority().map(http::uri::Authority::as_str))
                .filter(|host| is_plain(host)),
        }
    }
}

/// Whether a host can stand in quotes as it is.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=MAX_HOST).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::TrustedProxies;

    fn told(host_header: &str, proto_header: &str, peer: &str, headers: &[(&str, &str)]) -> String {
        let settings = Settings {
            trusted_proxies: TrustedProxies::parse("10.0.0.0/8").unwrap(),
            host_header: WrittenByProxies::parse(host_header).unwrap(),
            proto_header: WrittenByProxies::parse(proto_header).unwrap(),
            ..Settings::default()
        };
        let mut request = Request::builder()
            .uri("http://gateway:3001/x")
            .header("spin-client-addr", peer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let client = Client::of_request(request.headers(), &settings);
        let approach = Approach::of(&request, &client, &settings);
        format!("{}://{}", approach.scheme, approach.host.unwrap_or_default())
    }

    const SAYS: [(&str, &str); 2] = [("x-forwarded-host", "a.example"), ("x-forwarded-proto", "https")];

    #[test]
    fn a_proxy_is_believed_in_the_headers_that_it_is_said_to_write() {
        let of = |host, proto| told(host, proto, "10.0.0.1:80", &SAYS);
        assert_eq!(of("none", "x-forwarded-proto"), "https://gateway:3001");
        assert_eq!(of("X-Forwarded-Host", "x-forwarded-proto"), "https://a.example");
        assert_eq!(of("x-original-host", "none"), "http://gateway:3001");
        assert_eq!(
            told("x-forwarded-host", "x-forwarded-proto", "192.0.2.7:80", &SAYS),
            "http://gateway:3001"
        );
    }

    #[test]
    fn what_is_no_plain_host_is_none() {
        let long = "a".repeat(MAX_HOST + 1);
        for host in ["a.example, b.example", "a\"b", "a/b", "u@a", "", &long] {
            let says = [("x-forwarded-host", host)];
            assert_eq!(
                told("x-forwarded-host", "none", "10.0.0.1:80", &says),
                "http://gateway:3001",
                "{host}"
            );
        }
        let twice = [
            ("x-forwarded-host", "a.example"),
            ("x-forwarded-host", "b.example"),
        ];
        assert_eq!(
            told("x-forwarded-host", "none", "10.0.0.1:80", &twice),
            "http://gateway:3001"
        );
    }

    #[test]
    fn a_header_is_one_name() {
        for text in ["", "x-a, x-b", "x a", "x:"] {
            assert_eq!(WrittenByProxies::parse(text), Err(InvalidHeaderName), "{text:?}");
        }
    }
}
