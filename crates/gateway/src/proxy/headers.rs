//! Headers on their way through the gateway (RFC 9110, section 7.6).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::cookies::{remove_our_cookies, without_our_cookies};
use super::forwarded::set_forwarded;
use super::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use crate::access::IDENTITY_HEADERS;
use crate::client::{Approach, Client};
use crate::http::names::{
    belongs_to_gateway, is_kept_from_answers, is_of_the_hop, remove_those, tells_identity,
};
use crate::http::{Code, HttpError, REQUEST_ID, RequestId};

/// What is sent as `Via`. WASI does not say which version of HTTP a message came by; 1.1 is what Spin speaks to clients, and
/// to services that are not reached by TLS.
const GATEWAY: HeaderValue = HeaderValue::from_static("1.1 jetway");
/// How often a request may have come by gateways of our kind: one for the public, one for a platform within it, one to spare.
const MAX_TIMES: usize = 4;
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// What is known of a request's way to us.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// Who sent it.
    pub client: &'a Client,
    /// The scheme and the host that it asked for.
    pub approach: Approach<'a>,
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
        let ends_here = is_ours_to_say(text) || (names_of_the_hop && is_named_by_connection(incoming, text));
        if ends_here {
            continue;
        }
        if name == header::COOKIE {
            if let Some(others) = without_our_cookies(value) {
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
    set_forwarded(&mut headers, hop);
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
    let named: Vec<String> = members(&headers, &header::CONNECTION)
        .map(str::to_ascii_lowercase)
        .collect();
    remove_those(&mut headers, |name| {
        is_of_the_hop(name) || is_kept_from_answers(name) || named.iter().any(|named| named == name)
    });
    remove_our_cookies(&mut headers);
    announce_trailers(&mut headers);
    headers.insert(REQUEST_ID, request_id.to_header());
    headers.append(header::VIA, GATEWAY);
    headers
}

/// What does not go on to a service as it came. The identity does: at this point it is what we say ourselves.
fn is_ours_to_say(name: &str) -> bool {
    let is_identity = || IDENTITY_HEADERS.iter().any(|header| header == name);
    is_of_the_hop(name) || (belongs_to_gateway(name) && !is_identity())
}

/// Refuses a request that has come by us too often already: somebody sends us what we send on (RFC 9110, section 7.6).
pub fn check_loop(incoming: &HeaderMap) -> Result<(), HttpError> {
    let is_by_us = |member: &str| member.split_ascii_whitespace().nth(1) == Some("jetway");
    if members(incoming, &header::VIA)
        .filter(|member| is_by_us(member))
        .count()
        < MAX_TIMES
    {
        return Ok(());
    }
    Err(HttpError::new(
        Code::LoopDetected,
        "The request comes back to the gateway again and again.",
    ))
}

/// What tells a service who is calling.
fn is_identity(name: &str) -> bool {
    matches!(name, "authorization" | "cookie") || tells_identity(name)
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
        let is_of_the_message = matches!(&*name, "content-length" | "content-type" | "trailer");
        if is_of_the_message || is_ours_to_say(&name) || is_kept_from_answers(&name) || is_identity(&name) {
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
