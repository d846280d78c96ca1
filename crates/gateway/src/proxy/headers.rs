//! Headers on their way through the gateway (RFC 9110, section 7.6).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::forwarded::set_forwarded;
use super::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use crate::client::Client;
use crate::devices::without_proofs;
use crate::http::{REQUEST_ID, RequestId};

/// What is sent as `Via`. WASI does not say which version of HTTP a message came by; 1.1 is what Spin speaks to clients, and
/// to services that are not reached by TLS.
const GATEWAY: HeaderValue = HeaderValue::from_static("1.1 jetway");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

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

/// The headers of the request to a service. The identity headers go through: the caller has set or removed them by now, as
/// the token says ([`crate::access::admit`]).
pub fn request_headers(incoming: &HeaderMap, hop: &Hop<'_>) -> HeaderMap {
    let names_of_the_hop = incoming.contains_key(header::CONNECTION);
    let mut headers = HeaderMap::with_capacity(incoming.len() + 8);
    for (name, value) in incoming {
        let text = name.as_str();
        let ends_here = is_of_the_hop(text)
            || is_ours_to_say(text)
            || (names_of_the_hop && is_named_by_connection(incoming, text));
        if ends_here {
            continue;
        }
        if name == header::COOKIE {
            if let Some(others) = without_proofs(value) {
                headers.append(name, others);
            }
        } else {
            headers.append(name, value.clone());
        }
    }
    if takes_trailers(incoming) {
        headers.insert(header::TE, TRAILERS);
    }
    announce_trailers(&mut headers);
    set_forwarded(&mut headers, incoming, hop);
    headers.insert(REQUEST_ID, hop.request_id.to_header());
    headers.insert(TRACEPARENT, hop.trace.to_header());
    if !hop.trace.is_continued() {
        headers.remove(TRACESTATE);
    }
    headers.append(header::VIA, GATEWAY);
    headers
}

/// The headers of the answer to the client.
pub fn response_headers(mut headers: HeaderMap, request_id: &RequestId) -> HeaderMap {
    let names_of_the_hop = headers.contains_key(header::CONNECTION);
    let ends_here = |name: &&HeaderName| {
        let text = name.as_str();
        is_of_the_hop(text)
            || text.starts_with("spin-")
            // Who may read an answer, and how often one may come, is said in one place and not by each service.
            || text.starts_with("access-control-")
            || matches!(text, "ratelimit" | "ratelimit-policy")
            || (names_of_the_hop && is_named_by_connection(&headers, text))
    };
    let ending: Vec<HeaderName> = headers.keys().filter(ends_here).cloned().collect();
    for name in ending {
        headers.remove(name);
    }
    announce_trailers(&mut headers);
    headers.insert(REQUEST_ID, request_id.to_header());
    headers.append(header::VIA, GATEWAY);
    headers
}

/// Headers of one connection (RFC 9110, section 7.6.1), and those that only name what such a header was once used for. The
/// host manages the connections; WASI refuses a message that has one of these. `Trailer` is not among them: it speaks of the
/// message.
fn is_of_the_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "expect"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What a client may say about itself and the way of its request, and what we say instead. `x-real-ip` and its like are
/// believed by many servers, so a client's own must not reach them either; and `jetway-device` and `jetway-signin` are said to sign-in alone.
fn is_ours_to_say(name: &str) -> bool {
    matches!(
        name,
        "client-ip"
            | "forwarded"
            | "host"
            | "jetway-device"
            | "jetway-signin"
            | "true-client-ip"
            | "x-client-ip"
            | "x-cluster-client-ip"
            | "x-original-url"
            | "x-real-ip"
            | "x-request-id"
            | "x-rewrite-url"
    ) || ["spin-", "x-forwarded-", "x_forwarded_", "x-jetway-", "x_jetway_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// What tells a service who is calling.
fn is_identity(name: &str) -> bool {
    matches!(name, "authorization" | "cookie") || name.starts_with("x-user") || name.starts_with("x_user")
}

/// Whether `Connection` makes this a header of the connection. What tells a service who is calling must not be taken away by
/// the caller. (Spin removes `Connection` before a guest sees it, so that this is for hosts that do not.)
fn is_named_by_connection(headers: &HeaderMap, name: &str) -> bool {
    !is_identity(name)
        && members(headers, &header::CONNECTION).any(|member| member.eq_ignore_ascii_case(name))
}

/// Whether the client reads trailers; the one member of `TE` that is not about the connection alone (RFC 9110, section 10.1.4).
fn takes_trailers(headers: &HeaderMap) -> bool {
    members(headers, &header::TE).any(|member| member.eq_ignore_ascii_case("trailers"))
}

/// Leaves in `Trailer` only what may come as one. A trailer that is not announced is not sent, so this keeps out what would
/// speak for us behind our back: the trailers themselves pass by unseen, with the body.
fn announce_trailers(headers: &mut HeaderMap) {
    if !headers.contains_key(header::TRAILER) {
        return;
    }
    let mut kept = String::new();
    for member in members(headers, &header::TRAILER) {
        let name = member.to_ascii_lowercase();
        if is_of_the_hop(&name) || is_ours_to_say(&name) || is_identity(&name) {
            continue;
        }
        if !kept.is_empty() {
            kept.push_str(", ");
        }
        kept.push_str(member);
    }
    headers.remove(header::TRAILER);
    if let Some(value) = HeaderValue::try_from(kept).ok().filter(|value| !value.is_empty()) {
        headers.insert(header::TRAILER, value);
    }
}

/// The members of a header that is a list.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests;
