//! The way that a request came, told to the service: `Forwarded` (RFC 7239) and the older `X-Forwarded-*`.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Hop;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The scheme that the proxy before us says its client used. Whether its word counts is for the caller to know.
pub fn forwarded_scheme(headers: &HeaderMap) -> Option<&str> {
    only(headers, &X_FORWARDED_PROTO).filter(|scheme| matches!(*scheme, "http" | "https"))
}

/// Sets them all anew. A client's own are gone by now.
pub(super) fn set_forwarded(headers: &mut HeaderMap, incoming: &HeaderMap, hop: &Hop<'_>) {
    // A trusted proxy before us knows better what the client asked for and how.
    let trusted = Some(incoming).filter(|_| hop.client.via_trusted_proxy);
    let proto = trusted.and_then(forwarded_scheme).unwrap_or(hop.scheme);
    let vouched_host = trusted.and_then(|incoming| only(incoming, &X_FORWARDED_HOST));
    let host = vouched_host
        .filter(|host| is_plain(host))
        .or(hop.host)
        .filter(|host| is_plain(host));

    headers.insert(
        X_FORWARDED_PROTO,
        match proto {
            "https" => HeaderValue::from_static("https"),
            _ => HeaderValue::from_static("http"),
        },
    );
    if let Some(host) = host {
        set(headers, X_FORWARDED_HOST, host.to_owned());
    }
    let chain = &hop.client.chain;
    if !chain.is_empty() {
        set(headers, X_FORWARDED_FOR, addresses(chain));
    }
    set(headers, FORWARDED, elements(chain, host, proto));
}

fn addresses(chain: &[IpAddr]) -> String {
    let mut text = String::with_capacity(40 * chain.len());
    for address in chain {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{address}");
    }
    text
}

/// One element for each address, as RFC 7239, section 6 writes them. What the client asked for belongs to the first.
fn elements(chain: &[IpAddr], host: Option<&str>, proto: &str) -> String {
    let mut text = String::with_capacity(96);
    let mut chain = chain.iter();
    // Writing to a string cannot fail.
    let _ = match chain.next() {
        None => write!(text, "for=unknown"),
        Some(first) => write_node(&mut text, *first),
    };
    if let Some(host) = host {
        let _ = write!(text, ";host=\"{host}\"");
    }
    let _ = write!(text, ";proto={proto}");
    for address in chain {
        text.push_str(", ");
        let _ = write_node(&mut text, *address);
    }
    text
}

fn write_node(text: &mut String, address: IpAddr) -> std::fmt::Result {
    match address {
        IpAddr::V4(address) => write!(text, "for={address}"),
        IpAddr::V6(address) => write!(text, "for=\"[{address}]\""),
    }
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// Whether a host can stand in quotes as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    // Addresses and plain hosts only, so it always fits.
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
