use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::client::{Settings, TrustedProxies, WrittenByProxies};
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
    through_as(headers, trusted, "none")
}

fn through_as(headers: &[(&str, &str)], trusted: &str, host_header: &str) -> HeaderMap {
    let mut incoming = map(headers);
    incoming.append("spin-client-addr", HeaderValue::from_static("192.0.2.7:4711"));
    let settings = Settings {
        trusted_proxies: TrustedProxies::parse(trusted).unwrap(),
        host_header: WrittenByProxies::parse(host_header).unwrap(),
        ..Settings::default()
    };
    let client = Client::of_request(&incoming, &settings);
    let mut request = http::Request::builder()
        .uri("http://gateway.example:3001/")
        .body(())
        .unwrap();
    *request.headers_mut() = incoming.clone();
    let hop = Hop {
        client: &client,
        approach: Approach::of(&request, &client, &settings),
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
            ("te", "gzip;q=0.5"),
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
        ("x-jetway-assertion", "theirs"),
        ("x_jetway_assertion", "theirs"),
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
    for name in [
        "x-forwarded-prefix",
        "x-real-ip",
        "x_forwarded_for",
        "x-jetway-assertion",
        "x_jetway_assertion",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[test]
fn a_trusted_proxy_is_believed() {
    let told = [
        ("x-forwarded-for", "2001:db8::9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "jetway.example"),
    ];
    let headers = through_as(&told, "192.0.2.0/24", "x-forwarded-host");
    let forwarded = "for=\"[2001:db8::9]\";host=\"jetway.example\";proto=https, for=192.0.2.7";
    assert_eq!(values(&headers, "forwarded"), [forwarded]);
    assert_eq!(values(&headers, "x-forwarded-for"), ["2001:db8::9, 192.0.2.7"]);
    // What it is not said to write may be the client's.
    let headers = through(&told, "192.0.2.0/24");
    assert_eq!(values(&headers, "x-forwarded-host"), ["gateway.example:3001"]);
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
        map(&[
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("content-type", "text/plain"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "timeout=5"),
            ("access-control-allow-origin", "*"),
            ("trailer", "x-sum, x-request-id"),
            ("date", "Tue, 24 Nov 2026 18:00:00 GMT"),
            ("via", "1.1 other"),
            ("x-request-id", "theirs"),
            ("x-user-id", "root"),
            ("x_request_id", "theirs"),
            ("clear-site-data", "\"*\""),
            ("set-cookie", "__Host-jetway_refresh=theirs; Path=/"),
            ("set-cookie", " __HOST-jetway_device=theirs"),
            ("set-cookie", "=__Host-jetway_refresh=theirs"),
        ]),
        &RequestId::for_test("r-1"),
    );
    assert_eq!(values(&headers, "set-cookie"), ["a=1", "b=2"]);
    assert_eq!(values(&headers, "via"), ["1.1 other", "1.1 jetway"]);
    assert_eq!(values(&headers, "x-request-id"), ["r-1"]);
    assert_eq!(values(&headers, "trailer"), ["x-sum"]);
    assert_eq!(values(&headers, "date"), ["Tue, 24 Nov 2026 18:00:00 GMT"]);
    for name in [
        "connection",
        "x-hop",
        "transfer-encoding",
        "keep-alive",
        "access-control-allow-origin",
        "x-user-id",
        "x_request_id",
        "clear-site-data",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

/// RFC 9110, section 7.6: nothing goes round and round.
#[test]
fn a_request_that_comes_back_again_and_again_is_refused() {
    let via = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("via", *line)).collect();
        check_loop(&map(&lines)).map_err(|error| error.problem().code())
    };
    assert_eq!(via(&["1.1 jetway", "1.1 jetway, 2 jetway"]), Ok(()));
    assert_eq!(via(&["1.1 a, 1.1 b, 1.1 c, 1.1 d, 1.1 jetways"]), Ok(()));
    assert_eq!(
        via(&["1.1 jetway, 1.1 jetway", "1.1 jetway,1.1 jetway"]),
        Err(Code::LoopDetected)
    );
}

#[test]
fn bytes_that_are_no_text_go_back_as_bytes() {
    let mut answer = HeaderMap::new();
    answer.append("x-name", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let headers = response_headers(answer, &RequestId::for_test("r-1"));
    assert_eq!(headers["x-name"].as_bytes(), b"caf\xe9");
}

#[test]
fn of_te_only_the_trailers_go_on() {
    for (given, sent) in [
        (&["trailers"][..], &["trailers"][..]),
        (&["Trailers"], &["trailers"]),
        (&["gzip, trailers;q=1, trailers"], &["trailers"]),
        (&["gzip", "deflate,trailers"], &["trailers"]),
        (&["gzip"], &[]),
        (&["trailers-not"], &[]),
        (&[], &[]),
    ] {
        let lines: Vec<_> = given.iter().map(|value| ("te", *value)).collect();
        assert_eq!(values(&through(&lines, ""), "te"), sent, "{given:?}");
    }
}

#[test]
fn what_would_speak_for_the_gateway_cannot_come_as_a_trailer() {
    for (given, sent) in [
        (&["x-checksum"][..], &["x-checksum"][..]),
        (&["X-User-Id, x-a", "Authorization, x-b"], &["x-a, x-b"]),
        (&["x_user_roles, x-forwarded-for, forwarded, host, te"], &[]),
    ] {
        let lines: Vec<_> = given.iter().map(|value| ("trailer", *value)).collect();
        assert_eq!(values(&through(&lines, ""), "trailer"), sent, "{given:?}");
    }
}

/// Names that matter, spelled in every way, and others.
fn name() -> impl Strategy<Value = String> {
    let telling = prop::sample::select(vec![
        "connection",
        "Keep-Alive",
        "TE",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authorization",
        "host",
        "forwarded",
        "X-Forwarded-For",
        "x_forwarded_proto",
        "x-real-ip",
        "x-request-id",
        "spin-client-addr",
        "spin-x",
        "x-jetway-assertion",
        "authorization",
        "x-user-id",
        "cookie",
        "accept",
        "via",
        "traceparent",
        "tracestate",
        "access-control-allow-origin",
        "content-length",
    ]);
    prop_oneof![telling.prop_map(str::to_owned), "[a-z][a-z0-9_-]{0,11}"]
}

fn lines() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), prop_oneof!["[ -~]{0,20}", name()]), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_of_the_connection_ever_goes_through(named in "[a-z]{1,8}", value in "[ -~]{0,20}") {
        prop_assume!(!["via", "te", "forwarded", "traceparent"].contains(&named.as_str()));
        let headers = through(&[("connection", &named), (&named, &value), ("spin-x", &value)], "");
        prop_assert!(!headers.contains_key(named.as_str()) || ["authorization", "cookie"].contains(&named.as_str()));
        prop_assert!(headers.keys().all(|name| !name.as_str().starts_with("spin-")));
    }

    /// Whatever a client sends: what is ours to say is said once and by us, what is of the connection is gone, and all else
    /// is there with all its values in order.
    #[test]
    fn whatever_comes_in_what_goes_out_keeps_the_rules(lines in lines()) {
        let given: Vec<_> = lines.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers = through(&given, "");
        for name in ["x-request-id", "traceparent", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
            prop_assert_eq!(values(&headers, name).len(), 1, "{}", name);
        }
        prop_assert_eq!(&values(&headers, "x-forwarded-for")[0], "192.0.2.7");
        for name in headers.keys().map(HeaderName::as_str) {
            prop_assert!(name == "te" || !is_of_the_hop(name), "{}", name);
            prop_assert!(!name.starts_with("spin-") && !name.starts_with("x-jetway-") && name != "host", "{}", name);
        }
        prop_assert!(values(&headers, "te").iter().all(|value| value == "trailers"));
        let incoming = map(&given);
        for name in incoming.keys() {
            let text = name.as_str();
            let ours = is_ours_to_say(text) || is_named_by_connection(&incoming, text);
            if ours || ["via", "traceparent", "tracestate", "trailer"].contains(&text) {
                continue;
            }
            prop_assert_eq!(values(&headers, text), values(&incoming, text), "{}", text);
        }
    }

    #[test]
    fn whatever_a_service_answers_what_goes_back_keeps_the_rules(lines in lines()) {
        let given: Vec<_> = lines.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let incoming = map(&given);
        let headers = response_headers(incoming.clone(), &RequestId::for_test("r-1"));
        prop_assert_eq!(values(&headers, "x-request-id"), ["r-1"]);
        for name in headers.keys().map(HeaderName::as_str) {
            prop_assert!(!is_of_the_hop(name) && !name.starts_with("access-control-"), "{}", name);
        }
        for name in incoming.keys() {
            let text = name.as_str();
            let named = members(&incoming, &header::CONNECTION).any(|member| member.eq_ignore_ascii_case(text));
            if named || is_of_the_hop(text) || is_kept_from_answers(text) {
                continue;
            }
            if !["via", "x-request-id", "trailer"].contains(&text) {
                prop_assert_eq!(values(&headers, text), values(&incoming, text), "{}", text);
            }
        }
    }
}

#[test]
fn the_proof_of_a_known_device_is_for_sign_in_alone() {
    let device = "__Host-jetway_device=1.a.2.b";
    for (sent, kept) in [
        (device.to_owned(), &[][..]),
        (format!("a=1; {device}; b=2"), &["a=1; b=2"]),
        (format!("{device};b=2"), &["b=2"]),
        (
            "a=__Host-jetway_device; b=2".to_owned(),
            &["a=__Host-jetway_device; b=2"],
        ),
    ] {
        let headers = through(&[("cookie", &sent), ("jetway-device", "1.a.2.b")], "");
        assert_eq!(values(&headers, "cookie"), kept, "{sent}");
        assert!(!headers.contains_key("jetway-device"));
    }
}
