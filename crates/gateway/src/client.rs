//! Who is at the other end of the connection, and who says so.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word about the client counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Not a list of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of networks such as `10.0.0.0/8, 2001:db8::/32`")]
pub struct InvalidTrustedProxies;

impl TrustedProxies {
    /// Networks or single addresses, with commas or spaces between.
    pub fn parse(text: &str) -> Result<Self, InvalidTrustedProxies> {
        let networks = text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty());
        let parse = |part: &str| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| InvalidTrustedProxies)
        };
        networks.map(parse).collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client, as far as it can be believed; `None` where even the host does not say.
    pub address: Option<IpAddr>,
    /// The chain of addresses to hand on: those of trusted proxies and what they vouch for, the nearest last.
    pub chain: Vec<IpAddr>,
    /// Whether the nearest address is a trusted proxy.
    pub via_trusted_proxy: bool,
}

impl Client {
    /// Reads the connection's address, which the host put last, and from there `X-Forwarded-For` from the right, as far as
    /// each address that vouches for the next one is trusted. Anything else in these headers changes nothing: it was
    /// written by whoever wanted it believed.
    pub fn of_request(headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let last = headers.get_all(SPIN_CLIENT_ADDR).iter().next_back();
        let Some(peer) = last.and_then(|value| parse_address(value.to_str().ok()?)) else {
            return Self {
                address: None,
                chain: Vec::new(),
                via_trusted_proxy: false,
            };
        };
        let via_trusted_proxy = trusted.contains(peer);
        let mut chain = vec![peer];
        let claimed = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut claimed = claimed.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
        let mut nearest = peer;
        while trusted.contains(nearest) {
            let Some(next) = claimed.next().and_then(|text| parse_address(text.trim())) else {
                break;
            };
            chain.push(next);
            nearest = next;
        }
        chain.reverse();
        Self {
            address: Some(nearest),
            chain,
            via_trusted_proxy,
        }
    }

    /// What is counted as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has.
    pub fn key(&self) -> ClientKey {
        match self.address {
            None => ClientKey("unknown".to_owned()),
            Some(IpAddr::V4(address)) => ClientKey(address.to_string()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                ClientKey(format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

/// The name under which a client is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey(String);

impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An address with or without a port, with or without brackets; IPv4 in IPv6's clothes is IPv4.
fn parse_address(text: &str) -> Option<IpAddr> {
    let unbracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6)
    };
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.or_else(unbracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(peers: &[&str], forwarded: &[&str], trusted: &str) -> Client {
        let mut headers = HeaderMap::new();
        for peer in peers {
            headers.append(SPIN_CLIENT_ADDR, HeaderValue::from_str(peer).unwrap());
        }
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        Client::of_request(&headers, &TrustedProxies::parse(trusted).unwrap())
    }

    fn key(peers: &[&str], forwarded: &[&str], trusted: &str) -> String {
        client(peers, forwarded, trusted).key().to_string()
    }

    #[test]
    fn only_the_hosts_own_word_counts() {
        assert_eq!(key(&["6.6.6.6:1", "192.0.2.7:5000"], &[], ""), "192.0.2.7");
        assert_eq!(key(&["192.0.2.7:5000"], &["6.6.6.6"], ""), "192.0.2.7");
        assert_eq!(key(&["192.0.2.7:5000"], &["6.6.6.6"], "10.0.0.0/8"), "192.0.2.7");
    }

    #[test]
    fn addresses_are_counted_by_what_one_customer_has() {
        assert_eq!(key(&["[2001:db8:1:2:3:4:5:6]:80"], &[], ""), "2001:db8:1:2::/64");
        assert_eq!(key(&["[::ffff:192.0.2.7]:80"], &[], ""), "192.0.2.7");
        assert_eq!(key(&["0.0.0.0:0"], &[], ""), "0.0.0.0");
        assert_eq!(key(&["nonsense"], &[], ""), "unknown");
        assert_eq!(key(&[], &["6.6.6.6"], "0.0.0.0/0"), "unknown");
    }

    #[test]
    fn trusted_proxies_are_believed_from_the_right() {
        let trusted = "10.0.0.0/8, 2001:db8::1";
        let cases: [(&[&str], &str); 8] = [
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
            (&[], "10.0.0.1"),
        ];
        for (forwarded, expected) in cases {
            assert_eq!(
                key(&["10.0.0.1:80"], forwarded, trusted),
                expected,
                "{forwarded:?}"
            );
        }
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
    fn networks_are_read_and_nothing_else() {
        assert_eq!(TrustedProxies::parse("").unwrap(), TrustedProxies::default());
        assert_eq!(
            TrustedProxies::parse("127.0.0.1 ::1,10.0.0.0/8").unwrap().0.len(),
            3
        );
        for text in ["10.0.0.0/33", "localhost", "10.0.0", "*"] {
            assert_eq!(TrustedProxies::parse(text), Err(InvalidTrustedProxies), "{text}");
        }
    }

    proptest! {
        #[test]
        fn untrusted_peers_say_nothing_that_counts(forwarded in "[ -~]{0,60}", first in "[ -~]{0,30}") {
            prop_assert_eq!(key(&[&first, "192.0.2.7:1"], &[&forwarded], "10.0.0.0/8"), "192.0.2.7");
        }

        #[test]
        fn what_a_client_writes_left_of_a_proxy_changes_nothing(claim in "[ -~]{0,60}") {
            let forwarded = format!("{claim}, 198.51.100.9");
            prop_assert_eq!(key(&["10.0.0.1:1"], &[&forwarded], "10.0.0.0/8"), "198.51.100.9");
        }

        #[test]
        fn one_64_is_one_client(prefix: [u16; 4], a: [u16; 4], b: [u16; 4]) {
            let address = |host: [u16; 4]| {
                let [p0, p1, p2, p3] = prefix;
                format!("[{}]:1", Ipv6Addr::new(p0 | 0x2000, p1, p2, p3, host[0], host[1], host[2], host[3]))
            };
            prop_assert_eq!(key(&[&address(a)], &[], ""), key(&[&address(b)], &[], ""));
        }
    }
}
