//! Who is at the other end of the connection, and who says so.
//!
//! The host puts the connection's own address last into `spin-client-addr`. Whatever else a request says of its client was
//! written by whoever wanted it believed, and counts only as far as proxies vouch for it that the operator trusts.

mod address;
mod approach;
mod claims;
mod forwarded;
mod key;
mod settings;
mod trusted;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use smallvec::{SmallVec, smallvec};

pub use approach::{Approach, InvalidHeaderName, WrittenByProxies};
pub use claims::{InvalidProxyHeaders, ProxyHeaders};
pub use key::{ClientKey, InvalidIpv6Prefix, Ipv6Prefix};
pub use settings::Settings;
pub use trusted::{InvalidTrustedProxies, TrustedProxies};

use self::address::parse_address;
use crate::domain::Origin;
use crate::http::RequestId;

const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// Addresses, the nearest last. Two fit without an allocation: most clients come directly or through one proxy.
pub type Chain = SmallVec<[IpAddr; 2]>;

/// How many addresses are believed at most. More proxies stand before nobody, and what a service is told has to have an end.
const MAX_CHAIN: usize = 16;

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client, as far as it can be believed; `None` where even the host does not say.
    pub address: Option<IpAddr>,
    /// The chain of addresses to hand on: those of trusted proxies and what they vouch for, the nearest last.
    pub chain: Chain,
    /// Whether the nearest address is a trusted proxy.
    pub via_trusted_proxy: bool,
}

impl Client {
    /// Reads the connection's address, which the host put last, and from there the header of the proxies from the right,
    /// as far as each address that vouches for the next one is trusted. Anything else in these headers changes nothing.
    pub fn of_request(headers: &HeaderMap, settings: &Settings) -> Self {
        let trusted = &settings.trusted_proxies;
        let last = headers.get_all(SPIN_CLIENT_ADDR).iter().next_back();
        let Some(peer) = last.and_then(|value| parse_address(value.as_bytes())) else {
            return Self {
                address: None,
                chain: Chain::new(),
                via_trusted_proxy: false,
            };
        };
        let via_trusted_proxy = trusted.contains(peer);
        let mut chain: Chain = smallvec![peer];
        let mut nearest = peer;
        if via_trusted_proxy && let Some(mut claims) = settings.proxy_headers.claims(headers) {
            while chain.len() < MAX_CHAIN
                && trusted.contains(nearest)
                && let Some(next) = claims.next()
            {
                chain.push(next);
                nearest = next;
            }
        }
        chain.reverse();
        Self {
            address: Some(nearest),
            chain,
            via_trusted_proxy,
        }
    }

    /// Where an act of this client's comes from, by the request that asked for it.
    pub fn origin(&self, request: &RequestId) -> Origin {
        Origin {
            client_address: self.address,
            request_id: Some(request.as_str().to_owned()),
        }
    }

    /// What is counted as one client.
    pub fn key(&self, ipv6_prefix: Ipv6Prefix) -> ClientKey {
        ClientKey::of(self.address, ipv6_prefix)
    }
}

#[cfg(test)]
mod tests;
