//! Addresses as they are written in headers.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address with or without a port, with or without brackets; IPv4 in IPv6's clothes is IPv4.
pub(super) fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    let unbracketed = || {
        let address: Ipv6Addr = text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
        Some(IpAddr::V6(address))
    };
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.or_else(unbracketed).map(|address| address.to_canonical())
}
