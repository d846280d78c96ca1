//! The headers that say where a request comes from. A line each: the host's word, `x-forwarded-for`, `forwarded`. Whatever
//! they say, the client is in the chain, and every address behind the first that is not trusted is nobody's word.

#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use jetway_gateway::client::{Client, Settings};
use jetway_gateway::test_support::{TestVariables, block_on};
use libfuzzer_sys::fuzz_target;

const NAMES: [HeaderName; 3] = [
    HeaderName::from_static("spin-client-addr"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("forwarded"),
];

/// With either header first, and one that trusts nobody.
static SETTINGS: LazyLock<[Settings; 3]> = LazyLock::new(|| {
    let read = |trusted: &str, header: &str| {
        let variables = TestVariables::of(&[("trusted_proxies", trusted), ("trusted_proxy_header", header)]);
        block_on(Settings::read(&variables)).expect("good variables")
    };
    let proxies = "127.0.0.0/8, ::1/128, 10.0.0.0/8, fd00::/8";
    [
        read(proxies, "x-forwarded-for, forwarded"),
        read(proxies, "forwarded, x-forwarded-for"),
        read("", ""),
    ]
});

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for (at, line) in data.split(|byte| *byte == b'\n').enumerate() {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(&NAMES[at % NAMES.len()], value);
        }
    }
    for settings in &*SETTINGS {
        let client = Client::of_request(&headers, settings);
        let trusted = |address| settings.trusted_proxies.contains(address);
        assert_eq!(client.address, client.chain.first().copied());
        let vouched = client.chain.iter().skip(1).all(|address| trusted(*address));
        assert!(vouched, "an address that nobody trusted vouches for: {client:?}");
        let _ = client.key(settings.ipv6_prefix).to_string();
    }
});
