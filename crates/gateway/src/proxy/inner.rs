//! Addresses of services, kept from clients.
//!
//! A service that does not know of the gateway says its own address where a client is to go next. There the gateway's stands
//! in its place, as nginx does it with `proxy_redirect default`; and a cookie for the service's host becomes one for ours.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Upstream;
use crate::client::Approach;

/// What stands for an intermediary before us that a service named in `Via` (RFC 9110, section 7.6.3).
const PSEUDONYM: &str = "internal";

/// Under which address a client reaches us: what is put in the place of a service's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// `http://`
    scheme: &'static str,
    /// `gateway.example:3001`; nothing where nobody knows, which leaves a path.
    host: String,
}

impl From<Approach<'_>> for OwnAddress {
    fn from(approach: Approach<'_>) -> Self {
        Self {
            scheme: match approach.scheme {
                "https" => "https://",
                _ => "http://",
            },
            host: approach.host.unwrap_or_default().to_ascii_lowercase(),
        }
    }
}

impl OwnAddress {
    fn origin(&self) -> String {
        match self.host.as_str() {
            "" => String::new(),
            host => [self.scheme, host].concat(),
        }
    }
}

/// Puts our address in the place of those of the services, in an answer of one of them.
pub fn hide_inner_addresses(headers: &mut HeaderMap, services: &[&[Upstream]], own: &OwnAddress) {
    let is_inner = |authority: &str| {
        let mut upstreams = services.iter().copied().flatten();
        upstreams.any(|upstream| upstream.is_at(authority))
    };
    // Not `Location` alone: `Link`, `Refresh`, and whatever else a service has for where things are. What a cookie holds is for
    // the service alone to read.
    for (name, value) in headers.iter_mut() {
        if name != header::SET_COOKIE && has_place(value.as_bytes()) {
            change(value, |text| with_places(text, &own.origin(), is_inner));
        }
    }
    let hosts = || services.iter().copied().flatten().map(Upstream::host);
    change_each(headers, &header::SET_COOKIE, |value| {
        without_domain(value, hosts(), split_port(&own.host).0)
    });
    change_each(headers, &header::VIA, |value| Some(with_pseudonyms(value)));
}

/// Changes the values for which there is something else to say.
fn change_each(headers: &mut HeaderMap, name: &HeaderName, to: impl Fn(&str) -> Option<String>) {
    if let http::header::Entry::Occupied(mut entry) = headers.entry(name) {
        entry.iter_mut().for_each(|value| change(value, &to));
    }
}

/// Bytes that are no text come as the letters of the same numbers, and go back as what they were.
fn change(value: &mut HeaderValue, to: impl Fn(&str) -> Option<String>) {
    let text: String = value.as_bytes().iter().copied().map(char::from).collect();
    let Some(changed) = to(&text) else { return };
    let bytes: Option<Vec<u8>> = changed.chars().map(|letter| u8::try_from(letter).ok()).collect();
    if let Some(changed) = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
        *value = changed;
    }
}

/// What stands before a host. Browsers take a backslash for a slash there.
fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

fn has_place(value: &[u8]) -> bool {
    value.windows(2).any(|pair| pair.iter().copied().all(is_slash))
}

fn find_slashes(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows(2)
        .position(|pair| pair.iter().copied().all(is_slash))
}

/// The text with our origin wherever `http://`, `https://` or `//` and an address of a service stood; `None` where none did.
fn with_places(text: &str, origin: &str, is_inner: impl Fn(&str) -> bool) -> Option<String> {
    let mut changed = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(slashes) = find_slashes(rest) {
        let after = &rest[slashes + 2..];
        let ends = |letter: char| {
            matches!(
                letter,
                '/' | '?' | '#' | '\\' | '"' | '\'' | '<' | '>' | ',' | ';'
            ) || letter.is_whitespace()
        };
        let end = after.find(ends).unwrap_or(after.len());
        let authority = &after[..end];
        let authority = authority.rsplit('@').next().unwrap_or(authority);
        if is_inner(authority) {
            found = true;
            changed.push_str(without_scheme(&rest[..slashes]));
            changed.push_str(origin);
            // An origin alone is the path `/` too, which has to be said where there is no origin.
            if origin.is_empty() && !after[end..].starts_with('/') {
                changed.push('/');
            }
        } else {
            changed.push_str(&rest[..slashes + 2 + end]);
        }
        rest = &after[end..];
    }
    changed.push_str(rest);
    found.then_some(changed)
}

/// What stands before a scheme at the end.
fn without_scheme(before: &str) -> &str {
    ["https:", "http:", "wss:", "ws:"]
        .iter()
        .find_map(|scheme| {
            let start = before.len().checked_sub(scheme.len())?;
            let found = before.get(start..)?;
            found.eq_ignore_ascii_case(scheme).then(|| &before[..start])
        })
        .unwrap_or(before)
}

/// A cookie without its attribute `Domain`, where that names a service's host, or a domain that the service is in and we are
/// not: a browser would not take it from us.
fn without_domain<'a>(cookie: &str, mut hosts: impl Iterator<Item = &'a str>, own: &str) -> Option<String> {
    let domain = |attribute: &str| {
        let (name, value) = attribute.split_once('=')?;
        let value = split_port(value.trim())
            .0
            .trim_start_matches('.')
            .to_ascii_lowercase();
        (name.trim().eq_ignore_ascii_case("domain") && !value.is_empty()).then_some(value)
    };
    let is_in = |host: &str, domain: &str| {
        host.eq_ignore_ascii_case(domain)
            || host
                .to_ascii_lowercase()
                .strip_suffix(domain)
                .is_some_and(|left| left.ends_with('.'))
    };
    let mut attributes = cookie.split(';');
    let pair = attributes.next().unwrap_or_default();
    let named = attributes.clone().find_map(domain)?;
    if is_in(own, &named) || !hosts.any(|host| is_in(host, &named)) {
        return None;
    }
    let kept = attributes.filter(|attribute| domain(attribute).is_none());
    Some(std::iter::once(pair).chain(kept).collect::<Vec<_>>().join(";"))
}

/// The members of `Via` with a pseudonym for whoever stands behind us, and without comments.
fn with_pseudonyms(via: &str) -> String {
    let plain = without_comments(via);
    let protocols = plain
        .split(',')
        .filter_map(|member| member.split_whitespace().next());
    let members: Vec<_> = protocols
        .map(|protocol| [protocol, " ", PSEUDONYM].concat())
        .collect();
    members.join(", ")
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let is_outside = |letter: &char| {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(is_outside).collect()
}

/// A host, and its port if there is one.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(name: &'static str, value: &str) -> String {
        let services = [
            Upstream::parse_list("http://127.0.0.1:3000 http://flights.internal https://[fd00::1]:8443")
                .unwrap(),
            Upstream::parse_list("http://bookings.internal.example:4000").unwrap(),
        ];
        let services: Vec<&[Upstream]> = services.iter().map(Vec::as_slice).collect();
        let mut headers = HeaderMap::new();
        headers.append(name, HeaderValue::from_str(value).unwrap());
        let approach = Approach {
            scheme: "https",
            host: Some("api.example.com"),
        };
        let own = OwnAddress::from(approach);
        hide_inner_addresses(&mut headers, &services, &own);
        headers[name].to_str().unwrap().to_owned()
    }

    #[test]
    fn where_a_service_names_itself_the_gateway_is_named() {
        for (sent, seen) in [
            (
                "http://127.0.0.1:3000/api/v1/flights/7?a=1#b",
                "https://api.example.com/api/v1/flights/7?a=1#b",
            ),
            ("HTTP://127.0.0.1:3000", "https://api.example.com"),
            ("http://u:p@127.0.0.1:3000/x", "https://api.example.com/x"),
            ("//127.0.0.1:3000/x", "https://api.example.com/x"),
            ("\\\\127.0.0.1:3000/x", "https://api.example.com/x"),
            ("http:/\\127.0.0.1:3000/x", "https://api.example.com/x"),
            ("http://localhost:3000/x", "https://api.example.com/x"),
            ("http://Flights.Internal/x", "https://api.example.com/x"),
            ("http://flights.internal:80/x", "https://api.example.com/x"),
            ("https://[FD00::1]:8443?x", "https://api.example.com?x"),
            (
                "http://bookings.internal.example:4000/x",
                "https://api.example.com/x",
            ),
            (
                "/next?to=http://127.0.0.1:3000/x",
                "/next?to=https://api.example.com/x",
            ),
        ] {
            assert_eq!(hidden("location", sent), seen, "{sent}");
            assert_eq!(hidden("content-location", sent), seen, "{sent}");
        }
        assert_eq!(
            hidden("x-next-page", "http://127.0.0.1:3000/2"),
            "https://api.example.com/2"
        );
        assert_eq!(
            hidden("refresh", "5; url='http://127.0.0.1:3000/x'"),
            "5; url='https://api.example.com/x'"
        );
        assert_eq!(
            hidden(
                "link",
                "<http://127.0.0.1:3000/2>; rel=next, <https://elsewhere.example/>; rel=x, <//flights.internal>"
            ),
            "<https://api.example.com/2>; rel=next, <https://elsewhere.example/>; rel=x, <https://api.example.com>"
        );
    }

    #[test]
    fn all_other_places_stay() {
        for place in [
            "/api/v1/flights/7",
            "7",
            "",
            "//",
            "https://elsewhere.example/x",
            "http://127.0.0.1:3001/x",
            "http://127.0.0.1:30000/x",
            "http://flights.internal:8080/x",
            "http://flights.internal.evil.example/x",
            "http://evil.example/?http:/127.0.0.1:3000",
        ] {
            assert_eq!(hidden("location", place), place);
        }
    }

    #[test]
    fn where_nobody_knows_our_address_a_path_is_left() {
        let is_inner = |authority: &str| authority == "a:1";
        assert_eq!(with_places("http://a:1/x", "", is_inner).as_deref(), Some("/x"));
        assert_eq!(with_places("http://a:1", "", is_inner).as_deref(), Some("/"));
        assert_eq!(with_places("http://a:1?x", "", is_inner).as_deref(), Some("/?x"));
    }

    #[test]
    fn bytes_that_are_no_text_hide_nothing_and_stay_what_they_are() {
        let services = Upstream::parse_list("http://a.internal:1").unwrap();
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"http://a.internal:1/caf\xe9").unwrap();
        headers.insert(header::LOCATION, value);
        let approach = Approach {
            scheme: "http",
            host: Some("g"),
        };
        hide_inner_addresses(&mut headers, &[&services], &approach.into());
        assert_eq!(headers["location"].as_bytes(), b"http://g/caf\xe9");
    }

    #[test]
    fn a_cookie_for_the_service_s_host_becomes_one_for_ours() {
        for (sent, seen) in [
            ("a=1; Domain=flights.internal; Path=/", "a=1; Path=/"),
            ("a=1; domain=.Flights.Internal;HttpOnly", "a=1;HttpOnly"),
            ("a=1; Domain=127.0.0.1", "a=1"),
            ("a=1; Domain=internal.example; Secure", "a=1; Secure"),
            ("a=1; Path=/", "a=1; Path=/"),
            ("a=1; Domain=example.com", "a=1; Domain=example.com"),
            ("a=1; Domain=api.example.com", "a=1; Domain=api.example.com"),
            ("a=1; Domain=elsewhere.example", "a=1; Domain=elsewhere.example"),
            ("a=domain=flights.internal", "a=domain=flights.internal"),
        ] {
            assert_eq!(hidden("set-cookie", sent), seen, "{sent}");
        }
    }

    #[test]
    fn who_stands_behind_us_has_no_name() {
        assert_eq!(hidden("via", "1.1 10.0.0.5:8080"), "1.1 internal");
        assert_eq!(
            hidden("via", "HTTP/1.1 cache-7 (Varnish, (7)), 2 lb.internal"),
            "HTTP/1.1 internal, 2 internal"
        );
    }
}
