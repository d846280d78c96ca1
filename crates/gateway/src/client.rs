//! Who is at the other end of the connection, and who says so.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::{ConfigError, read_optional};
use crate::ports::Variables;

mod forwarded;

const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The proxies whose word about the client counts, and in which header they say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    headers: ProxyHeaders,
}

/// The headers in which trusted proxies name the client: the first that a request has counts. A header that the proxies do
/// not write is the client's own word, so an operator names the one that they do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ProxyHeaders(Vec<ProxyHeader>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProxyHeader {
    XForwardedFor,
    Forwarded,
}

impl Default for ProxyHeaders {
    /// Most proxies write `X-Forwarded-For`, so wherever it is, `Forwarded` may be the client's own.
    fn default() -> Self {
        Self(vec![ProxyHeader::XForwardedFor, ProxyHeader::Forwarded])
    }
}

/// Not a list of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of networks such as `10.0.0.0/8, 2001:db8::/32`")]
pub struct InvalidTrustedProxies;

/// Not a list of the headers that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither `x-forwarded-for` nor `forwarded` nor both with a comma between")]
pub struct InvalidProxyHeader;

impl TrustedProxies {
    /// Reads the variables `trusted_proxies` and `trusted_proxy_header`, both of which may be missing.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let proxies = read_optional(variables, "trusted_proxies", Self::parse).await?;
        let headers = read_optional(variables, "trusted_proxy_header", ProxyHeaders::parse).await?;
        Ok(Self {
            headers: headers.unwrap_or_default(),
            ..proxies.unwrap_or_default()
        })
    }

    /// Networks or single addresses, with commas or spaces between.
    pub fn parse(text: &str) -> Result<Self, InvalidTrustedProxies> {
        let networks = text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty());
        let parse = |part: &str| {
            part.parse::<IpNet>()
                .or_else(|_| {
                    part.parse::<IpAddr>()
                        .map(|address| IpNet::from(address.to_canonical()))
                })
                .map_err(|_| InvalidTrustedProxies)
        };
        Ok(Self {
            networks: networks.map(parse).collect::<Result<_, _>>()?,
            headers: ProxyHeaders::default(),
        })
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whom the request's proxies name, the nearest first; `None` where one names nobody that has an address.
    fn claims<'h>(&self, headers: &'h HeaderMap) -> Box<dyn Iterator<Item = Option<IpAddr>> + 'h> {
        let first = self
            .headers
            .0
            .iter()
            .find(|header| headers.contains_key(header.name()));
        match first {
            None => Box::new(std::iter::empty()),
            Some(ProxyHeader::XForwardedFor) => {
                let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
                let claims = values.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
                Box::new(claims.map(|claim| parse_address(claim.trim())))
            }
            Some(ProxyHeader::Forwarded) => {
                let values = headers.get_all(FORWARDED).iter().rev();
                Box::new(values.flat_map(|value| forwarded::clients(value).into_iter().rev()))
            }
        }
    }
}

impl ProxyHeaders {
    fn parse(text: &str) -> Result<Self, InvalidProxyHeader> {
        let parse = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(ProxyHeader::XForwardedFor),
            "forwarded" => Ok(ProxyHeader::Forwarded),
            _ => Err(InvalidProxyHeader),
        };
        text.split(',').map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl ProxyHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        }
    }
}

/// How many bits of an IPv6 address are one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Prefix(u8);

impl Default for Ipv6Prefix {
    /// What one customer has at least.
    fn default() -> Self {
        Self(64)
    }
}

impl Ipv6Prefix {
    /// Reads a number of bits. Fewer than 16 would make one client of a good part of the world.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bits = text.parse().ok().filter(|bits| (16..=128).contains(bits));
        bits.map(Self).ok_or("is not a number from 16 to 128")
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
    /// Reads the connection's address, which the host put last, and from there what proxies have written, from the right, as
    /// far as each address that vouches for the next one is trusted. Anything else in these headers changes nothing: it was
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
        let mut nearest = peer;
        if via_trusted_proxy {
            let mut claims = trusted.claims(headers);
            while trusted.contains(nearest) {
                let Some(Some(next)) = claims.next() else { break };
                chain.push(next);
                nearest = next;
            }
            chain.reverse();
        }
        Self {
            address: Some(nearest),
            chain,
            via_trusted_proxy,
        }
    }

    /// What is counted as one client: an IPv4 address, or the prefix of an IPv6 address.
    pub fn key(&self, prefix: Ipv6Prefix) -> ClientKey {
        match self.address {
            None => ClientKey::Unknown,
            Some(IpAddr::V4(address)) => ClientKey::V4(address),
            Some(IpAddr::V6(address)) => match embedded(address) {
                Some(address) => ClientKey::V4(address),
                None => ClientKey::V6(mask(address, prefix), prefix.0),
            },
        }
    }
}

/// The name under which a client is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientKey {
    /// Nobody knows who. All of them are one.
    Unknown,
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 network.
    V6(Ipv6Addr, u8),
}

impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("unknown"),
            Self::V4(address) => address.fmt(formatter),
            Self::V6(network, bits) => write!(formatter, "{network}/{bits}"),
        }
    }
}

/// The IPv4 address whose owner has this IPv6 address by it: 6to4 (RFC 3056) gives each a /48, which would be 65,536 clients;
/// behind NAT64 (RFC 6052) all of IPv4 has one /96, which would be one client.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.octets() {
        [0x20, 0x02, a, b, c, d, ..] | [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => {
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

fn mask(address: Ipv6Addr, prefix: Ipv6Prefix) -> Ipv6Addr {
    let host = u128::MAX.checked_shr(u32::from(prefix.0)).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & !host)
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
        client(peers, forwarded, trusted)
            .key(Ipv6Prefix::default())
            .to_string()
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
    fn ipv4_that_travels_in_ipv6_is_counted_as_ipv4() {
        assert_eq!(key(&["[2002:c000:207:1::1]:80"], &[], ""), "192.0.2.7");
        assert_eq!(key(&["[2002:c000:207:ffff::9]:80"], &[], ""), "192.0.2.7");
        assert_eq!(key(&["[64:ff9b::c000:207]:80"], &[], ""), "192.0.2.7");
        // Written like one that is mapped, and not one.
        assert_eq!(
            key(&["[2001:db8:1:2::192.0.2.7]:80"], &[], ""),
            "2001:db8:1:2::/64"
        );
    }

    #[test]
    fn the_prefix_is_as_long_as_it_is_set() {
        let found = client(&["[2001:db8:1:23ff:3:4:5:6]:80"], &[], "");
        for (bits, expected) in [
            ("56", "2001:db8:1:2300::/56"),
            ("128", "2001:db8:1:23ff:3:4:5:6/128"),
            ("16", "2001::/16"),
        ] {
            assert_eq!(found.key(Ipv6Prefix::parse(bits).unwrap()).to_string(), expected);
        }
        for bad in ["0", "15", "129", "-1", "/64", "x"] {
            assert!(Ipv6Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    fn named(headers: &[(HeaderName, &str)], trusted_header: &str) -> String {
        let mut map = HeaderMap::new();
        map.append(SPIN_CLIENT_ADDR, HeaderValue::from_static("10.0.0.1:80"));
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        let variables = crate::test_support::TestVariables::of(&[
            ("trusted_proxies", "10.0.0.0/8"),
            ("trusted_proxy_header", trusted_header),
        ]);
        let trusted = crate::test_support::block_on(TrustedProxies::read(&variables)).unwrap();
        Client::of_request(&map, &trusted)
            .key(Ipv6Prefix::default())
            .to_string()
    }

    #[test]
    fn one_header_counts_and_which_is_the_operators_to_say() {
        let both = [(X_FORWARDED_FOR, "198.51.100.1"), (FORWARDED, "for=198.51.100.2")];
        assert_eq!(named(&both, ""), "198.51.100.1");
        assert_eq!(named(&both, "Forwarded"), "198.51.100.2");
        assert_eq!(named(&both, "forwarded, x-forwarded-for"), "198.51.100.2");
        assert_eq!(named(&both[..1], "forwarded"), "10.0.0.1");
        assert_eq!(named(&both[1..], ""), "198.51.100.2");
        assert!(ProxyHeaders::parse("x-real-ip").is_err());
    }

    #[test]
    fn forwarded_is_read_from_the_right_too() {
        let cases = [
            ("for=6.6.6.6, for=198.51.100.9", "198.51.100.9"),
            (
                "for=198.51.100.9;proto=https, For=\"10.0.0.2:80\"",
                "198.51.100.9",
            ),
            ("for=\"[2001:db8:1:2::3]:47011\"", "2001:db8:1:2::/64"),
            ("for=198.51.100.9, for=_hidden", "10.0.0.1"),
            ("for=198.51.100.9, for=unknown", "10.0.0.1"),
            ("for=198.51.100.9, by=10.0.0.3", "10.0.0.1"),
            ("for=198.51.100.9, for=\"10.0.0.2", "10.0.0.1"),
            ("for=\"198.51.100.9, for=1.2.3.4\"", "10.0.0.1"),
        ];
        for (value, expected) in cases {
            assert_eq!(named(&[(FORWARDED, value)], ""), expected, "{value}");
        }
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
            TrustedProxies::parse("127.0.0.1 ::1,10.0.0.0/8")
                .unwrap()
                .networks
                .len(),
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
