//! The services behind the gateway.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::http::{Code, HttpError};

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

/// Why there is no answer from a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// It did not answer in time.
    Timeout,
    /// It could not be reached, or did not speak HTTP, or broke off.
    Unreachable,
    /// The request was no good, which is the client's doing.
    BadRequest,
}

impl UpstreamFailure {
    /// The answer to the client; `cause` is for the log.
    pub fn into_error(self, cause: impl std::fmt::Display) -> HttpError {
        let error = match self {
            Self::Timeout => HttpError::new(
                Code::UpstreamTimeout,
                "Whether the request took effect is not known.",
            ),
            Self::Unreachable => HttpError::new(Code::UpstreamUnreachable, "Try again in a moment."),
            Self::BadRequest => {
                HttpError::new(Code::BadRequest, "The request broke off or contradicts itself.")
            }
        };
        error.caused_by(cause)
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
}
