use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::client::TrustedProxies;
use crate::test_support::ConstantEntropy;

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    map
}

fn through(headers: &[(&str, &str)], trusted: &str) -> HeaderMap {
    let mut incoming = map(headers);
    incoming.append("spin-client-addr", HeaderValue::from_static("192.0.2.7:4711"));
    let client = Client::of_request(&incoming, &TrustedProxies::parse(trusted).unwrap());
    let hop = Hop {
        client: &client,
        scheme: "http",
        host: Some("gateway.example:3001"),
        request_id: &RequestId::for_test("r-1"),
        trace: &TraceContext::of_request(&incoming, &ConstantEntropy(0xab)),
    };
    request_headers(&incoming, &hop)
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_belongs_to_the_client_goes_through_and_what_belongs_to_the_connection_does_not() {
    let headers = through(
        &[
            ("accept", "a"),
            ("accept", "b"),
            ("authorization", "Bearer t"),
            ("cookie", "c=1"),
            ("content-length", "3"),
            ("connection", "close, X-Secret-Hop"),
            ("x-secret-hop", "1"),
            ("keep-alive", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("proxy-authorization", "x"),
            ("host", "gateway"),
            ("spin-path-info", "/x"),
        ],
        "",
    );
    assert_eq!(values(&headers, "accept"), ["a", "b"]);
    assert_eq!(values(&headers, "authorization"), ["Bearer t"]);
    assert_eq!(values(&headers, "cookie"), ["c=1"]);
    assert_eq!(values(&headers, "content-length"), ["3"]);
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "authorization",
        "content-length",
        "cookie",
        "forwarded",
        "traceparent",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-request-id",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_way_of_the_request_is_told_by_us_alone() {
    let lies = [
        ("forwarded", "for=6.6.6.6"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "evil"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/evil"),
        ("x-real-ip", "6.6.6.6"),
        ("x-request-id", "theirs"),
        ("x_forwarded_for", "6.6.6.6"),
    ];
    let headers = through(&lies, "");
    assert_eq!(
        values(&headers, "forwarded"),
        ["for=192.0.2.7;host=\"gateway.example:3001\";proto=http"]
    );
    assert_eq!(values(&headers, "x-forwarded-for"), ["192.0.2.7"]);
    assert_eq!(values(&headers, "x-forwarded-host"), ["gateway.example:3001"]);
    assert_eq!(values(&headers, "x-forwarded-proto"), ["http"]);
    assert_eq!(values(&headers, "x-request-id"), ["r-1"]);
    for name in ["x-forwarded-prefix", "x-real-ip", "x_forwarded_for"] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[test]
fn a_trusted_proxy_is_believed() {
    let headers = through(
        &[
            ("x-forwarded-for", "2001:db8::9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "jetway.example"),
        ],
        "192.0.2.0/24",
    );
    let forwarded = "for=\"[2001:db8::9]\";host=\"jetway.example\";proto=https, for=192.0.2.7";
    assert_eq!(values(&headers, "forwarded"), [forwarded]);
    assert_eq!(values(&headers, "x-forwarded-for"), ["2001:db8::9, 192.0.2.7"]);
}

#[test]
fn the_caller_cannot_have_the_identity_taken_away() {
    let headers = through(
        &[
            ("connection", "X-User-Id, authorization"),
            ("x-user-id", "7"),
            ("authorization", "Bearer t"),
        ],
        "",
    );
    assert_eq!(values(&headers, "x-user-id"), ["7"]);
    assert_eq!(values(&headers, "authorization"), ["Bearer t"]);
}

#[test]
fn a_trace_state_goes_only_with_its_trace() {
    let parent = (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    assert!(through(&[parent, ("tracestate", "a=1")], "").contains_key("tracestate"));
    assert!(!through(&[("tracestate", "a=1")], "").contains_key("tracestate"));
}

#[test]
fn an_answer_keeps_what_is_the_services_and_says_which_way_it_came() {
    let headers = response_headers(
        &map(&[
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("content-type", "text/plain"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "timeout=5"),
            ("via", "1.1 other"),
            ("x-request-id", "theirs"),
        ]),
        &RequestId::for_test("r-1"),
    );
    assert_eq!(values(&headers, "set-cookie"), ["a=1", "b=2"]);
    assert_eq!(values(&headers, "via"), ["1.1 other", "1.1 jetway"]);
    assert_eq!(values(&headers, "x-request-id"), ["r-1"]);
    for name in ["connection", "x-hop", "transfer-encoding", "keep-alive"] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

proptest! {
    #[test]
    fn nothing_of_the_connection_ever_goes_through(named in "[a-z]{1,8}", value in "[ -~]{0,20}") {
        prop_assume!(!["via", "forwarded", "traceparent"].contains(&named.as_str()));
        let headers = through(&[("connection", &named), (&named, &value), ("spin-x", &value)], "");
        prop_assert!(!headers.contains_key(named.as_str()) || named == "authorization");
        prop_assert!(headers.keys().all(|name| !name.as_str().starts_with("spin-")));
    }
}
