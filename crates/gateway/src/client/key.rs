//! Who is counted as one client.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How much of an IPv6 address tells one client from another, in bits. A customer has at least a /64, and can take any
/// address in it for each request; some providers give out a /56 or a /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv6Prefix(u8);

/// Not a length of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a prefix length between 32 and 128")]
pub struct InvalidIpv6Prefix;

impl Default for Ipv6Prefix {
    fn default() -> Self {
        Self(64)
    }
}

impl Ipv6Prefix {
    /// A number of bits. Fewer than 32 would make a whole provider one client.
    pub fn parse(text: &str) -> Result<Self, InvalidIpv6Prefix> {
        let bits = text.parse().map_err(|_| InvalidIpv6Prefix)?;
        if (32..=128).contains(&bits) {
            Ok(Self(bits))
        } else {
            Err(InvalidIpv6Prefix)
        }
    }

    fn network_of(self, address: Ipv6Addr) -> Ipv6Addr {
        let mask = u128::MAX << (128 - u32::from(self.0));
        Ipv6Addr::from_bits(address.to_bits() & mask)
    }
}

/// The name under which a client is counted: an IPv4 address, or the network of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(Key);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Unknown,
    V4(Ipv4Addr),
    V6(Ipv6Addr, Ipv6Prefix),
}

impl ClientKey {
    pub(super) fn of(address: Option<IpAddr>, prefix: Ipv6Prefix) -> Self {
        Self(match address.map(|address| address.to_canonical()) {
            None => Key::Unknown,
            Some(IpAddr::V4(address)) => Key::V4(address),
            Some(IpAddr::V6(address)) => match embedded(address) {
                Some(address) => Key::V4(address),
                None => Key::V6(prefix.network_of(address), prefix),
            },
        })
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

impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Key::Unknown => formatter.write_str("unknown"),
            Key::V4(address) => address.fmt(formatter),
            Key::V6(network, Ipv6Prefix(bits)) => write!(formatter, "{network}/{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(address: &str, prefix: &str) -> String {
        let prefix = Ipv6Prefix::parse(prefix).unwrap();
        ClientKey::of(Some(address.parse().unwrap()), prefix).to_string()
    }

    #[test]
    fn addresses_are_counted_by_what_one_customer_has() {
        assert_eq!(key("192.0.2.7", "64"), "192.0.2.7");
        assert_eq!(key("0.0.0.0", "64"), "0.0.0.0");
        assert_eq!(key("2001:db8:1:2:3:4:5:6", "64"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2ff:3:4:5:6", "56"), "2001:db8:1:200::/56");
        assert_eq!(key("2001:db8:1:2:3:4:5:6", "32"), "2001:db8::/32");
        assert_eq!(key("2001:db8:1:2:3:4:5:6", "128"), "2001:db8:1:2:3:4:5:6/128");
        assert_eq!(ClientKey::of(None, Ipv6Prefix::default()).to_string(), "unknown");
    }

    #[test]
    fn ipv4_that_travels_in_ipv6_is_counted_as_ipv4() {
        assert_eq!(key("2002:c000:207:1::1", "64"), "192.0.2.7");
        assert_eq!(key("2002:c000:207:ffff::9", "128"), "192.0.2.7");
        assert_eq!(key("64:ff9b::c000:207", "64"), "192.0.2.7");
        // Written like one that is mapped, and not one.
        assert_eq!(key("2001:db8:1:2::192.0.2.7", "64"), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_prefix_is_a_number_from_32_to_128() {
        for text in ["", "31", "0", "129", "256", "-1", "64.0", "/64", "sixty-four"] {
            assert_eq!(Ipv6Prefix::parse(text), Err(InvalidIpv6Prefix), "{text:?}");
        }
        assert_eq!(Ipv6Prefix::parse("64"), Ok(Ipv6Prefix::default()));
    }

    proptest! {
        #[test]
        fn two_addresses_are_one_client_exactly_if_they_share_the_prefix(a: u128, flipped in 0_u32..128, bits in 32_u32..=128) {
            let prefix = Ipv6Prefix::parse(&bits.to_string()).unwrap();
            // In 4000::/2, where no address stands for one of IPv4; the bit counts from the left.
            let a = a >> 2 | 1 << 126;
            let flipped = flipped.max(2);
            let b = a ^ (1 << (127 - flipped));
            let key = |bits| ClientKey::of(Some(IpAddr::V6(Ipv6Addr::from_bits(bits))), prefix);
            prop_assert_eq!(key(a) == key(b), flipped >= bits);
            prop_assert_eq!(key(a).to_string() == key(b).to_string(), flipped >= bits);
        }

        #[test]
        fn mapped_ipv4_clients_stay_apart(a: u32, b: u32, bits in 32_u8..=128) {
            let key = |bits32: u32| {
                let mapped = Ipv4Addr::from_bits(bits32).to_ipv6_mapped();
                ClientKey::of(Some(IpAddr::V6(mapped)), Ipv6Prefix(bits))
            };
            prop_assert_eq!(key(a) == key(b), a == b);
            prop_assert_eq!(key(a), ClientKey::of(Some(IpAddr::V4(Ipv4Addr::from_bits(a))), Ipv6Prefix(bits)));
        }
    }
}
