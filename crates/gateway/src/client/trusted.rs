//! Whose word counts.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// The proxies whose word about the client counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a text does not name the proxies to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrustedProxies {
    /// Not a list of networks.
    #[error("is not a list of networks such as `10.0.0.0/8, 2001:db8::/32`")]
    NoNetworks,
    /// A network that everybody is in.
    #[error("trusts everybody, and so lets every client choose its own address")]
    Everybody,
}

impl TrustedProxies {
    /// Networks or single addresses, with commas or spaces between.
    pub fn parse(text: &str) -> Result<Self, InvalidTrustedProxies> {
        let networks = text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty());
        networks.map(parse_network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn parse_network(text: &str) -> Result<IpNet, InvalidTrustedProxies> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| InvalidTrustedProxies::NoNetworks)?;
    let network = canonical(network);
    if network.prefix_len() == 0 {
        Err(InvalidTrustedProxies::Everybody)
    } else {
        Ok(network)
    }
}

/// IPv4 in IPv6's clothes is IPv4, as it is in the addresses that are looked up.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    match (address, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_nothing_else() {
        assert_eq!(TrustedProxies::parse("").unwrap(), TrustedProxies::default());
        assert_eq!(
            TrustedProxies::parse("127.0.0.1 ::1,10.0.0.0/8").unwrap().0.len(),
            3
        );
        for text in ["10.0.0.0/33", "localhost", "10.0.0", "*", "true", "1"] {
            assert_eq!(
                TrustedProxies::parse(text),
                Err(InvalidTrustedProxies::NoNetworks),
                "{text}"
            );
        }
    }

    #[test]
    fn nobody_can_trust_everybody() {
        for text in ["0.0.0.0/0", "10.0.0.0/8, ::/0", "::ffff:0.0.0.0/96"] {
            assert_eq!(
                TrustedProxies::parse(text),
                Err(InvalidTrustedProxies::Everybody),
                "{text}"
            );
        }
    }

    #[test]
    fn mapped_networks_are_those_of_ipv4() {
        let trusted = TrustedProxies::parse("::ffff:10.0.0.0/104, ::ffff:192.0.2.1").unwrap();
        for (address, is_trusted) in [("10.9.9.9", true), ("192.0.2.1", true), ("192.0.2.2", false)] {
            assert_eq!(
                trusted.contains(address.parse().unwrap()),
                is_trusted,
                "{address}"
            );
        }
    }
}
