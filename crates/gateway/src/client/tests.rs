use http::{HeaderValue, header};
use proptest::prelude::*;

use super::*;

const XFF: &str = "x-forwarded-for";

fn request(peers: &[&str], claims: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for peer in peers {
        headers.append(SPIN_CLIENT_ADDR, HeaderValue::from_str(peer).unwrap());
    }
    for (name, value) in claims {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn trusting(networks: &str) -> Settings {
    Settings {
        trusted_proxies: TrustedProxies::parse(networks).unwrap(),
        ..Settings::default()
    }
}

fn client(peers: &[&str], forwarded: &[&str], trusted: &str) -> Client {
    let claims: Vec<_> = forwarded.iter().map(|value| (XFF, *value)).collect();
    Client::of_request(&request(peers, &claims), &trusting(trusted))
}

fn key(peers: &[&str], forwarded: &[&str], trusted: &str) -> String {
    client(peers, forwarded, trusted)
        .key(Ipv6Prefix::default())
        .to_string()
}

/// Whom a proxy in 10.0.0.0/8 or 2001:db8::1 is believed to speak for.
fn behind_proxy(claims: &[(&str, &str)], proxy_headers: &str) -> String {
    let settings = Settings {
        proxy_headers: ProxyHeaders::parse(proxy_headers).unwrap(),
        ..trusting("10.0.0.0/8, 2001:db8::1")
    };
    let client = Client::of_request(&request(&["10.0.0.1:80"], claims), &settings);
    client.address.unwrap().to_string()
}

#[test]
fn only_the_hosts_own_word_counts() {
    assert_eq!(key(&["6.6.6.6:1", "192.0.2.7:5000"], &[], ""), "192.0.2.7");
    assert_eq!(key(&["192.0.2.7:5000"], &["6.6.6.6"], ""), "192.0.2.7");
    assert_eq!(key(&["192.0.2.7:5000"], &["6.6.6.6"], "10.0.0.0/8"), "192.0.2.7");
}

#[test]
fn the_hosts_word_is_an_address_with_a_port() {
    assert_eq!(key(&["[2001:db8:1:2:3:4:5:6]:80"], &[], ""), "2001:db8:1:2::/64");
    assert_eq!(key(&["[fe80::1%2]:80"], &[], ""), "fe80::/64");
    assert_eq!(key(&["[::ffff:192.0.2.7]:80"], &[], ""), "192.0.2.7");
    assert_eq!(key(&["0.0.0.0:0"], &[], ""), "0.0.0.0");
    assert_eq!(key(&["nonsense"], &[], ""), "unknown");
    assert_eq!(key(&[], &["6.6.6.6"], "10.0.0.0/8"), "unknown");
}

#[test]
fn trusted_proxies_are_believed_from_the_right() {
    let cases: [(&[&str], &str); 9] = [
        (&["198.51.100.9"], "198.51.100.9"),
        (&["6.6.6.6, 198.51.100.9"], "198.51.100.9"),
        (&["6.6.6.6, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        (
            &["6.6.6.6", "198.51.100.9", "10.0.0.2:99, [2001:db8::1]"],
            "198.51.100.9",
        ),
        (&["198.51.100.9, garbage"], "10.0.0.1"),
        (&["198.51.100.9, "], "10.0.0.1"),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (&["\u{e4}, 198.51.100.9"], "198.51.100.9"),
        (&[], "10.0.0.1"),
    ];
    for (values, expected) in cases {
        let claims: Vec<_> = values.iter().map(|value| (XFF, *value)).collect();
        assert_eq!(behind_proxy(&claims, "x-forwarded-for"), expected, "{values:?}");
    }
}

#[test]
fn so_is_what_they_write_into_forwarded() {
    let cases: [(&[&str], &str); 10] = [
        (&["for=198.51.100.9"], "198.51.100.9"),
        (
            &["for=6.6.6.6, For=\"198.51.100.9:99\";proto=https"],
            "198.51.100.9",
        ),
        (
            &[
                "for=6.6.6.6",
                "for=198.51.100.9",
                "for=10.0.0.2, for=\"[2001:db8::1]\"",
            ],
            "198.51.100.9",
        ),
        (&["for=\"[2001:db8:1:2::3]\""], "2001:db8:1:2::3"),
        (&["for=6.6.6.6, for=unknown"], "10.0.0.1"),
        (&["for=6.6.6.6, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        (&["for=6.6.6.6, proto=https"], "10.0.0.1"),
        // Left of the proxy's own element stands what the client wrote, a quote without an end for one.
        (&["for=\"6.6.6.6, for=198.51.100.9"], "198.51.100.9"),
        (&["x=\"\\", "for=198.51.100.9"], "198.51.100.9"),
        (&["198.51.100.9"], "10.0.0.1"),
    ];
    for (values, expected) in cases {
        let claims: Vec<_> = values.iter().map(|value| ("forwarded", *value)).collect();
        assert_eq!(behind_proxy(&claims, "forwarded"), expected, "{values:?}");
    }
}

#[test]
fn of_the_headers_that_are_named_the_first_that_is_there_counts() {
    let both = [(XFF, "198.51.100.1"), ("forwarded", "for=198.51.100.2")];
    assert_eq!(behind_proxy(&both, "x-forwarded-for, forwarded"), "198.51.100.1");
    assert_eq!(behind_proxy(&both, "forwarded, x-forwarded-for"), "198.51.100.2");
    assert_eq!(behind_proxy(&both, "forwarded"), "198.51.100.2");
    assert_eq!(
        behind_proxy(&both[1..], "x-forwarded-for, forwarded"),
        "198.51.100.2"
    );
    assert_eq!(behind_proxy(&both[1..], "x-forwarded-for"), "10.0.0.1");
    // One that cannot be read is there.
    let garbage = [(XFF, "garbage"), ("forwarded", "for=198.51.100.2")];
    assert_eq!(behind_proxy(&garbage, "x-forwarded-for, forwarded"), "10.0.0.1");
}

#[test]
fn the_chain_ends_at_the_first_that_nobody_trusted_vouches_for() {
    let found = client(
        &["10.0.0.1:80"],
        &["6.6.6.6, 198.51.100.9, 10.0.0.2"],
        "10.0.0.0/8",
    );
    let chain: Vec<_> = found.chain.iter().map(ToString::to_string).collect();
    assert_eq!(chain, ["198.51.100.9", "10.0.0.2", "10.0.0.1"]);
    assert!(found.via_trusted_proxy);
}

#[test]
fn the_chain_ends_where_no_more_proxies_can_be() {
    let claimed = vec!["10.0.0.3"; 1000].join(", ");
    let found = client(&["10.0.0.1:80"], &[&claimed], "10.0.0.0/8");
    assert_eq!(found.chain.len(), MAX_CHAIN);
    assert_eq!(found.address.unwrap().to_string(), "10.0.0.3");
}

#[test]
fn a_client_that_comes_directly_costs_no_allocation() {
    let found = client(&["192.0.2.7:5000"], &["6.6.6.6"], "10.0.0.0/8");
    assert!(!found.chain.spilled());
    assert!(!found.via_trusted_proxy);
}

proptest! {
    #[test]
    fn untrusted_peers_say_nothing_that_counts(forwarded in "[ -~]{0,60}", first in "[ -~]{0,30}") {
        prop_assert_eq!(key(&[&first, "192.0.2.7:1"], &[&forwarded], "10.0.0.0/8"), "192.0.2.7");
    }

    #[test]
    fn what_a_client_writes_left_of_a_proxy_changes_nothing(claim in "[ -~\u{e4}]{0,60}") {
        let xff = format!("{claim}, 198.51.100.9");
        prop_assert_eq!(behind_proxy(&[(XFF, &xff)], "x-forwarded-for, forwarded"), "198.51.100.9");
        let forwarded = format!("{claim}, for=198.51.100.9");
        prop_assert_eq!(behind_proxy(&[("forwarded", &forwarded)], "x-forwarded-for, forwarded"), "198.51.100.9");
        let two_lines = [("forwarded", &*claim), ("forwarded", "for=198.51.100.9")];
        prop_assert_eq!(behind_proxy(&two_lines, "forwarded"), "198.51.100.9");
    }

    #[test]
    fn both_headers_tell_the_same_chain(hops: Vec<std::net::IpAddr>) {
        let xff: Vec<_> = hops.iter().map(ToString::to_string).collect();
        let forwarded: Vec<_> = hops
            .iter()
            .map(|hop| match hop {
                IpAddr::V4(hop) => format!("for={hop}"),
                IpAddr::V6(hop) => format!("for=\"[{hop}]\""),
            })
            .collect();
        let settings = trusting("10.0.0.0/8, 0.0.0.0/1, ::/1");
        let of = |name: &str, values: Vec<String>| {
            Client::of_request(&request(&["10.0.0.1:80"], &[(name, &values.join(", "))]), &settings)
        };
        prop_assert_eq!(of(XFF, xff), of(header::FORWARDED.as_str(), forwarded));
    }

    #[test]
    fn one_64_is_one_client(prefix: [u16; 4], a: [u16; 4], b: [u16; 4]) {
        let address = |host: [u16; 4]| {
            let [p0, p1, p2, p3] = prefix;
            let address = std::net::Ipv6Addr::new(p0 | 0x2000, p1, p2, p3, host[0], host[1], host[2], host[3]);
            format!("[{address}]:1")
        };
        prop_assert_eq!(key(&[&address(a)], &[], ""), key(&[&address(b)], &[], ""));
    }
}
