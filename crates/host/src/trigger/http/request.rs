//! Prepares a request for a guest: the address it was sent to, and Spin's own headers.
//!
//! Spin's headers are appended to what the client sent, so of several of one name only the last is to be trusted.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::{Authority, Scheme, Uri};

use crate::allowed_hosts::chained_component;
use crate::routes::Match;

/// Removes what is none of a guest's business: what the client asked of this one connection, and the host name of a
/// neighbour, which no request from outside may carry.
pub(super) fn strip(headers: &mut HeaderMap) {
    let is_internal = |host: &HeaderValue| host.to_str().is_ok_and(|host| chained_component(host).is_some());
    if headers.get(HOST).is_some_and(is_internal) {
        headers.remove(HOST);
    }
    remove_nominated(headers);
    headers.remove(CONNECTION);
}

/// Removes the fields that `Connection` says are of this one connection (RFC 9110, section 7.6.1). What frames a message, or says where
/// it goes, is not for it to name.
pub(crate) fn remove_nominated(headers: &mut HeaderMap) {
    let named = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).map(str::trim);
    let named: Vec<HeaderName> = named
        .filter_map(|name| HeaderName::try_from(name).ok())
        .filter(|name| {
            !matches!(
                *name,
                HOST | CONTENT_LENGTH | CONTENT_TYPE | TRANSFER_ENCODING | AUTHORIZATION
            )
        })
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Completes the request's URL, whose host is in the `Host` header or, with HTTP/2, in the URL already.
pub(super) fn complete_uri(parts: &mut Parts, scheme: Scheme) -> anyhow::Result<()> {
    let mut uri = parts.uri.clone().into_parts();
    let host = match parts.headers.get(HOST) {
        Some(host) => Some(Authority::try_from(host.as_bytes()).context("the Host header is no host name")?),
        None => None,
    };
    let authority = match (host, uri.authority) {
        (None, None) => bail!("the request has no Host header"),
        (Some(host), Some(authority)) => {
            ensure!(host == authority, "the Host header differs from the URL");
            host
        }
        (Some(authority), None) | (None, Some(authority)) => authority,
    };
    uri.scheme = Some(scheme);
    uri.authority = Some(authority);
    parts.uri = Uri::from_parts(uri).context("the URL is not valid")?;
    Ok(())
}

/// Appends what Spin tells every guest of a request. Headers that are not UTF-8 are refused.
pub(super) fn append_headers(parts: &mut Parts, matched: &Match, client: SocketAddr) -> anyhow::Result<()> {
    for value in parts.headers.values() {
        std::str::from_utf8(value.as_bytes()).context("a header of the request is not UTF-8")?;
    }
    let endpoint = &matched.endpoint;
    let host = parts
        .headers
        .get(HOST)
        .map_or(Ok("localhost"), HeaderValue::to_str);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let full_url = format!("{}://{}{path}", parts.uri.scheme_str().unwrap_or("http"), host?);
    let headers = [
        ("spin-path-info", matched.trailing_wildcard.clone()),
        ("spin-full-url", full_url),
        ("spin-matched-route", endpoint.based_route.clone()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", endpoint.raw_route.clone()),
        ("spin-component-route", endpoint.raw_route_or_prefix().to_owned()),
        ("spin-client-addr", client.to_string()),
    ];
    let named = matched.named_wildcards.iter().map(|(name, value)| {
        (
            format!("spin-path-match-{}", name.replace('_', "-").to_ascii_lowercase()),
            value.clone(),
        )
    });
    for (name, value) in headers
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(named)
    {
        // A name or a value that HTTP cannot carry is left out, as Spin leaves it out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            parts.headers.append(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{HttpTrigger, Route};
    use crate::routes::Router;

    fn parts(url: &str, headers: &[(&str, &[u8])]) -> Parts {
        let request = http::Request::get(url);
        let add =
            |request: http::request::Builder, (name, value): &(&str, &[u8])| request.header(*name, *value);
        headers.iter().fold(request, add).body(()).unwrap().into_parts().0
    }

    fn matched(route: &str, path: &str) -> Match {
        let route = Route::Path(route.into());
        let trigger = HttpTrigger {
            id: "t".into(),
            component: "c".into(),
            route,
        };
        Router::new([&trigger]).unwrap().route(path).unwrap()
    }

    fn all<'a>(parts: &'a Parts, name: &str) -> Vec<&'a str> {
        parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

    #[test]
    fn spins_headers_are_appended_to_the_clients() {
        let mut parts = parts(
            "/users/7/x?q=1",
            &[("host", b"h:80"), ("spin-client-addr", b"6.6.6.6:1")],
        );
        complete_uri(&mut parts, Scheme::HTTP).unwrap();
        append_headers(&mut parts, &matched("/users/:user_id/...", "/users/7/x"), CLIENT).unwrap();
        for (name, expected) in [
            ("spin-client-addr", &["6.6.6.6:1", "127.0.0.1:9"][..]),
            ("spin-full-url", &["http://h:80/users/7/x?q=1"]),
            ("spin-path-info", &["/x"]),
            ("spin-matched-route", &["/users/:user_id/..."]),
            ("spin-raw-component-route", &["/users/:user_id/..."]),
            ("spin-component-route", &["/users/:user_id"]),
            ("spin-base-path", &["/"]),
            ("spin-path-match-user-id", &["7"]),
        ] {
            assert_eq!(all(&parts, name), expected, "{name}");
        }
    }

    #[test]
    fn a_header_that_is_not_utf8_is_refused() {
        let mut parts = parts("/", &[("host", b"h"), ("x", b"\xff")]);
        assert!(append_headers(&mut parts, &matched("/", "/"), CLIENT).is_err());
    }

    #[test]
    fn the_host_must_be_clear() {
        for (url, host, expected) in [
            ("/p", Some("h:1"), Some("http://h:1/p")),
            ("http://u/p", None, Some("http://u/p")),
            ("http://u/p", Some("u"), Some("http://u/p")),
            ("http://u/p", Some("other"), None),
            ("/p", None, None),
            ("/p", Some("a b"), None),
        ] {
            let headers: Vec<_> = host.iter().map(|host| ("host", host.as_bytes())).collect();
            let mut parts = parts(url, &headers);
            let completed = complete_uri(&mut parts, Scheme::HTTP)
                .ok()
                .map(|()| parts.uri.to_string());
            assert_eq!(completed.as_deref(), expected, "{url} {host:?}");
        }
    }

    #[test]
    fn nobody_outside_can_claim_a_neighbours_name() {
        let mut parts = parts(
            "/",
            &[
                ("host", b"signin.spin.internal"),
                ("connection", b"close"),
                ("x", b"y"),
            ],
        );
        strip(&mut parts.headers);
        assert_eq!(parts.headers.len(), 1);
    }
}
