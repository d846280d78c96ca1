//! Headers on their way through the proxy, a line each, `name:value`. Whatever a client sends, what a connection is about ends
//! here, what is ours to say is said by us and once, and everything else arrives as it was; so does a service's answer.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use jetway_gateway::client::{Approach, Client, Settings};
use jetway_gateway::http::RequestId;
use jetway_gateway::proxy::{Hop, TraceContext, request_headers, response_headers};
use jetway_gateway::test_support::ConstantEntropy;
use libfuzzer_sys::fuzz_target;

const OF_THE_HOP: [&str; 11] = [
    "connection",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "host",
];

/// What the gateway says itself, of every request.
const ONCE: [&str; 4] = ["forwarded", "x-forwarded-proto", "x-request-id", "traceparent"];

/// What changes on the way, and how is another target's or test's.
const CHANGED: [&str; 5] = ["cookie", "te", "trailer", "tracestate", "via"];

fn parse(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

fn count(headers: &HeaderMap, name: &str) -> usize {
    headers.get_all(name).iter().count()
}

fuzz_target!(|data: &[u8]| {
    let incoming = parse(data);
    let entropy = ConstantEntropy(0xab);
    let client = Client::of_request(&incoming, &Settings::default());
    let trace = TraceContext::of_request(&incoming, &entropy);
    let request_id = RequestId::parse("r-1").expect("a good id");
    let hop = Hop {
        client: &client,
        approach: Approach {
            scheme: "http",
            host: Some("gateway.example:3001"),
        },
        request_id: &request_id,
        trace: &trace,
    };
    let outgoing = request_headers(&incoming, &hop);
    for name in outgoing.keys().map(HeaderName::as_str) {
        assert!(!OF_THE_HOP.contains(&name), "{name}");
        for prefix in ["spin-", "x-jetway-", "x_jetway_", "x_forwarded_"] {
            assert!(!name.starts_with(prefix), "{name}");
        }
        if !ONCE.contains(&name) && !CHANGED.contains(&name) && !name.starts_with("x-forwarded-") {
            assert!(
                outgoing.get_all(name).iter().eq(incoming.get_all(name)),
                "{name} is not what came"
            );
        }
    }
    for name in ONCE {
        assert_eq!(count(&outgoing, name), 1, "{name}");
    }
    for name in ["x-forwarded-for", "x-forwarded-host", "trailer", "te"] {
        assert!(count(&outgoing, name) <= 1, "{name}");
    }
    let next = TraceContext::of_request(&outgoing, &entropy);
    assert!(
        next.is_continued(),
        "the next one cannot go on with our traceparent"
    );

    let answer = response_headers(incoming, &request_id);
    for name in answer.keys().map(HeaderName::as_str) {
        assert!(name == "host" || !OF_THE_HOP.contains(&name), "{name}");
        assert!(!matches!(name, "ratelimit" | "ratelimit-policy"), "{name}");
        for prefix in ["spin-", "access-control-"] {
            assert!(!name.starts_with(prefix), "{name}");
        }
    }
    assert_eq!(count(&answer, "x-request-id"), 1);
});
