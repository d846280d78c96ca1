//! Headers on their way through the gateway.

use std::collections::HashSet;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use crate::client::Client;
use crate::http::{REQUEST_ID, RequestId};

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const VIA: HeaderName = header::VIA;
const GATEWAY: &str = "1.1 jetway";

/// Headers of one connection (RFC 9110, section 7.6.1), and those that only name what such a header was once used for. The
/// host manages the connections; WASI refuses a message that has one of these.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a client may say about the way of its request, and what we say instead. `x-real-ip` and its like are believed by
/// many servers, so a client's own must not reach them either.
const REBUILT: [&str; 10] = [
    "client-ip",
    "forwarded",
    "host",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-request-id",
];

/// What is known of a request's way to us.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// Who sent it.
    pub client: &'a Client,
    /// `http` or `https`, as the connection to us was.
    pub scheme: &'a str,
    /// The host that the client asked for.
    pub host: Option<&'a str>,
    /// Its id.
    pub request_id: &'a RequestId,
    /// Its place in a trace.
    pub trace: &'a TraceContext,
}

/// The headers of the request to a service. The identity headers go through: `auth-check`, before us, has set or removed
/// them.
pub fn request_headers(incoming: &HeaderMap, hop: &Hop<'_>) -> HeaderMap {
    let mut headers = end_to_end(incoming, |name| {
        REBUILT.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("x_forwarded_")
    });
    set_forwarded(&mut headers, incoming, hop);
    headers.insert(REQUEST_ID, hop.request_id.to_header());
    set(&mut headers, TRACEPARENT, &hop.trace.to_string());
    if !hop.trace.is_continued() {
        headers.remove(TRACESTATE);
    }
    add_via(&mut headers);
    headers
}

/// The headers of the answer to the client.
pub fn response_headers(incoming: &HeaderMap, request_id: &RequestId) -> HeaderMap {
    let mut headers = end_to_end(incoming, |_| false);
    headers.insert(REQUEST_ID, request_id.to_header());
    add_via(&mut headers);
    headers
}

/// All headers but those of the connection, those that Spin added for the function, and the ones to leave out.
fn end_to_end(incoming: &HeaderMap, leave_out: impl Fn(&str) -> bool) -> HeaderMap {
    let named = named_by_connection(incoming);
    let mut headers = HeaderMap::with_capacity(incoming.len() + 8);
    for (name, value) in incoming {
        let text = name.as_str();
        let of_the_hop = HOP_BY_HOP.contains(&text) || text.starts_with("spin-") || named.contains(text);
        if !of_the_hop && !leave_out(text) {
            headers.append(name, value.clone());
        }
    }
    headers
}

fn named_by_connection(headers: &HeaderMap) -> HashSet<String> {
    let values = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = values
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase());
    // What tells a service who is calling must not be taken away by the caller.
    names
        .filter(|name| !name.starts_with("x-user-") && name != "authorization")
        .collect()
}

fn set_forwarded(headers: &mut HeaderMap, incoming: &HeaderMap, hop: &Hop<'_>) {
    // A trusted proxy before us knows better what the client asked for and how.
    let vouched = |name: &HeaderName| {
        let value = incoming.get(name).filter(|_| hop.client.via_trusted_proxy)?;
        value.to_str().ok().filter(|value| is_plain(value))
    };
    let proto = vouched(&X_FORWARDED_PROTO)
        .filter(|proto| matches!(*proto, "http" | "https"))
        .unwrap_or(hop.scheme);
    let host = vouched(&X_FORWARDED_HOST)
        .or(hop.host)
        .filter(|host| is_plain(host));

    set(headers, X_FORWARDED_PROTO, proto);
    if let Some(host) = host {
        set(headers, X_FORWARDED_HOST, host);
    }
    let chain = &hop.client.chain;
    if !chain.is_empty() {
        set(
            headers,
            X_FORWARDED_FOR,
            &joined(chain.iter().map(IpAddr::to_string)),
        );
    }

    let mut elements: Vec<String> = chain
        .iter()
        .map(|address| format!("for={}", node(*address)))
        .collect();
    if elements.is_empty() {
        elements.push("for=unknown".to_owned());
    }
    if let Some(first) = elements.first_mut() {
        if let Some(host) = host {
            first.push_str(&format!(";host=\"{host}\""));
        }
        first.push_str(&format!(";proto={proto}"));
    }
    set(headers, FORWARDED, &joined(elements.into_iter()));
}

/// An address as RFC 7239, section 6 writes it.
fn node(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}

/// Whether a host can stand in quotes as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

fn add_via(headers: &mut HeaderMap) {
    headers.append(VIA, HeaderValue::from_static(GATEWAY));
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
