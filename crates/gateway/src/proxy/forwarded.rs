//! The way that a request came, told to the service: `Forwarded` (RFC 7239) and the older `X-Forwarded-*`.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Hop;
use crate::client::Approach;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Sets them all anew. A client's own are gone by now.
pub(super) fn set_forwarded(headers: &mut HeaderMap, hop: &Hop<'_>) {
    let Approach { scheme, host } = hop.approach;
    headers.insert(
        X_FORWARDED_PROTO,
        match scheme {
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
    set(headers, FORWARDED, elements(chain, host, scheme));
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

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    // Addresses and plain hosts only, so it always fits.
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
