//! The services behind the gateway.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use super::inner::split_port;

/// Where a service listens: scheme and authority, nothing more, because paths go through unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
}

/// Not the address of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not an http or https address without path, query or credentials, such as `http://127.0.0.1:3000`"
)]
pub struct InvalidUpstream;

/// The most addresses that a service can have.
const MAX_ADDRESSES: usize = 32;

/// Not a list of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpstreams {
    /// One of them is none.
    #[error("{InvalidUpstream}, nor a list of such")]
    Malformed(#[from] InvalidUpstream),
    /// One stands there twice, and would get twice the requests.
    #[error("has an address twice")]
    Twice,
    /// Too many.
    #[error("has more than {MAX_ADDRESSES} addresses")]
    TooMany,
}

impl Upstream {
    /// Reads `http://host:port` or `https://host`.
    pub fn parse(text: &str) -> Result<Self, InvalidUpstream> {
        let parts = text.parse::<Uri>().map_err(|_| InvalidUpstream)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidUpstream);
        };
        let plain_path = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        // The parser lets a port of letters pass, as an authority without a port but longer than its host.
        let port_is_number = authority.port_u16().is_some() || authority.as_str() == authority.host();
        let plain_authority =
            !authority.as_str().contains('@') && !authority.host().is_empty() && port_is_number;
        let known_scheme = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
        if known_scheme && plain_authority && plain_path {
            Ok(Self { scheme, authority })
        } else {
            Err(InvalidUpstream)
        }
    }

    /// Its host, without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Whether this is its host and port, as somebody may write them: without the scheme's own port, and this machine by any
    /// of its names.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        let (host, port) = split_port(authority);
        let default = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        let port = port.map_or(Some(default), |port| port.parse().ok());
        let is_host =
            host.eq_ignore_ascii_case(self.host()) || is_this_machine(host) && is_this_machine(self.host());
        is_host && port == Some(self.authority.port_u16().unwrap_or(default))
    }

    /// Reads the addresses of a service, separated by commas or white space.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, InvalidUpstreams> {
        let separator = |c: char| c == ',' || c.is_whitespace();
        let mut upstreams = Vec::new();
        for part in text.split(separator).filter(|part| !part.is_empty()) {
            let upstream = Self::parse(part)?;
            if upstreams.contains(&upstream) {
                return Err(InvalidUpstreams::Twice);
            }
            upstreams.push(upstream);
        }
        match upstreams.len() {
            0 => Err(InvalidUpstream.into()),
            1..=MAX_ADDRESSES => Ok(upstreams),
            _ => Err(InvalidUpstreams::TooMany),
        }
    }

    /// The same path and query on the service.
    pub fn target(&self, path: Option<&PathAndQuery>) -> Uri {
        let path = path.cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        // All three parts are there, which is all that can be wrong with them.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_go_through_unchanged() {
        let upstream = Upstream::parse("http://127.0.0.1:3000").unwrap();
        for path in [
            "/api/v1/flights",
            "/api/v1/flights/a%20b/?from=A&from=B&x=%2F+%zz",
            "/",
        ] {
            let uri: Uri = path.parse().unwrap();
            assert_eq!(
                upstream.target(uri.path_and_query()).to_string(),
                format!("http://127.0.0.1:3000{path}")
            );
        }
    }

    #[test]
    fn a_service_is_an_origin_and_nothing_more() {
        for text in [
            "http://flights",
            "https://flights.example.com:8443/",
            "http://[::1]:3000",
        ] {
            assert!(Upstream::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "flights:3000",
            "/x",
            "ftp://x",
            "http://",
            "http://x/api",
            "http://x?y",
            "http://u:p@x",
            "http://x:port",
            "redis://x",
        ] {
            assert_eq!(Upstream::parse(text), Err(InvalidUpstream), "{text}");
        }
    }

    #[test]
    fn a_service_may_have_several_addresses() {
        for text in [
            "http://a:1,http://b:2",
            "http://a:1, http://b:2,",
            "\n  http://a:1\n  http://b:2\n",
        ] {
            let upstreams = Upstream::parse_list(text).unwrap();
            let shown: Vec<_> = upstreams.iter().map(Upstream::to_string).collect();
            assert_eq!(shown, ["http://a:1", "http://b:2"], "{text:?}");
        }
    }

    #[test]
    fn a_list_is_refused_for_each_of_its_addresses() {
        let malformed = Err(InvalidUpstreams::Malformed(InvalidUpstream));
        for text in ["", " , ", "http://a:1;http://b:2", "http://a:1,b"] {
            assert_eq!(Upstream::parse_list(text), malformed, "{text:?}");
        }
        let twice = Upstream::parse_list("http://a:1 http://b:2 http://A:1");
        assert_eq!(twice, Err(InvalidUpstreams::Twice));
        let many: String = (1..=33).map(|port| format!("http://a:{port} ")).collect();
        assert_eq!(Upstream::parse_list(&many), Err(InvalidUpstreams::TooMany));
    }
}
