//! One entry of `allowed_outbound_hosts`.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use url::Host;

use super::{CHAINING_SUFFIX, chained_component};

/// An entry of `allowed_outbound_hosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    scheme: Scheme,
    host: HostPattern,
    port: Port,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Any,
    Exactly(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    SubdomainOf(String),
    SelfApp,
    Exactly(Host),
    Network(IpNet),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Port {
    Any,
    Among(Range<u32>),
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?} is no allowed host: {reason}")]
pub struct Malformed {
    entry: String,
    pub(super) reason: &'static str,
}

impl AllowedHost {
    /// Parses an entry that has no templates.
    pub fn parse(entry: &str) -> Result<Self, Malformed> {
        Self::read(entry.trim()).map_err(|reason| Malformed {
            entry: entry.to_owned(),
            reason,
        })
    }

    fn read(entry: &str) -> Result<Self, &'static str> {
        if entry == "insecure:allow-all" {
            return Err("write \"*://*:*\" to allow everything");
        }
        let (scheme, rest) = entry
            .split_once("://")
            .ok_or("it needs the form SCHEME://HOST[:PORT], as in https://example.com")?;
        let (host, port) = split_port(rest)?;
        Ok(Self {
            port: Port::parse(port, scheme)?,
            scheme: Scheme::parse(scheme)?,
            host: HostPattern::parse(host)?,
        })
    }

    /// Whether it allows a connection. Without a port, the one that the scheme is known for is meant.
    pub(super) fn allows(&self, scheme: &str, host: &Host<String>, port: Option<u16>) -> bool {
        let port = port.or_else(|| well_known_port(scheme));
        self.scheme.allows(scheme) && self.host.allows(host) && self.port.allows(port)
    }

    /// Whether it allows requests to the application itself.
    pub(super) fn allows_self(&self, scheme: &str) -> bool {
        self.scheme.allows(scheme) && matches!(self.host, HostPattern::Any | HostPattern::SelfApp)
    }

    /// The same entry for one component of this application.
    pub(super) fn chaining_to(&self, component: &str) -> Self {
        let host = HostPattern::Exactly(Host::Domain(format!("{component}{CHAINING_SUFFIX}")));
        Self { host, ..self.clone() }
    }

    /// Whether it lets one call every component of this application by its name.
    #[must_use]
    pub fn chains_to_all(&self) -> bool {
        matches!(&self.host, HostPattern::SubdomainOf(suffix) if suffix == CHAINING_SUFFIX)
    }

    /// The component that it lets one call, if it names one of this application.
    #[must_use]
    pub fn chained_component(&self) -> Option<&str> {
        match &self.host {
            HostPattern::Exactly(Host::Domain(domain)) => chained_component(domain),
            _ => None,
        }
    }
}

/// Splits off the port, which an address of IPv6 in its brackets has colons before.
fn split_port(rest: &str) -> Result<(&str, &str), &'static str> {
    let Some((host, tail)) = rest.rsplit_once(':') else {
        return Ok((rest, ""));
    };
    if tail.is_empty() {
        return Ok((host, ""));
    }
    if HostPattern::parse(rest).is_ok() {
        return Ok((rest, ""));
    }
    match tail.split_once('/') {
        Some((port, "")) => Ok((host, port)),
        Some(_) => Err("it must not have a path"),
        None => Ok((host, tail)),
    }
}

impl Scheme {
    fn parse(scheme: &str) -> Result<Self, &'static str> {
        match scheme {
            "*" => Ok(Self::Any),
            _ if scheme.starts_with('{') => Err("lists of schemes are not supported"),
            _ if !scheme.chars().all(char::is_alphabetic) => Err("a scheme has letters only"),
            _ => Ok(Self::Exactly(scheme.to_owned())),
        }
    }

    fn allows(&self, scheme: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(allowed) => allowed == scheme,
        }
    }
}

impl HostPattern {
    fn parse(host: &str) -> Result<Self, &'static str> {
        let host = host.trim();
        match host {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::SelfApp),
            _ if host.starts_with('{') => return Err("lists of hosts are not supported"),
            _ => {}
        }
        if let Ok(network) = host.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.contains('/') {
            return Err("it must not have a path");
        }
        if let Some(domain) = host.strip_prefix("*.") {
            return match Host::parse(domain) {
                Ok(Host::Domain(domain)) if !domain.contains('*') => {
                    Ok(Self::SubdomainOf(format!(".{domain}")))
                }
                _ => Err("only a domain may follow \"*.\""),
            };
        }
        if host.contains('*') {
            return Err("\"*\" may only be the whole host or its first label");
        }
        Host::parse(host)
            .map(Self::Exactly)
            .map_err(|_| "its host is not valid")
    }

    fn allows(&self, host: &Host<String>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::SubdomainOf(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Exactly(allowed), host) => allowed == host,
            (Self::Network(network), Host::Ipv4(address)) => network.contains(&IpAddr::V4(*address)),
            (Self::Network(network), Host::Ipv6(address)) => network.contains(&IpAddr::V6(*address)),
            (Self::SubdomainOf(_) | Self::Network(_) | Self::SelfApp, _) => false,
        }
    }
}

impl Port {
    fn parse(port: &str, scheme: &str) -> Result<Self, &'static str> {
        let number = |text: &str| {
            text.parse::<u16>()
                .map(u32::from)
                .map_err(|_| "its port is not a number")
        };
        if port.is_empty() {
            let known =
                well_known_port(scheme).ok_or("its scheme has no well-known port, so it needs one")?;
            return Ok(Self::only(known.into()));
        }
        match port.split_once("..") {
            _ if port == "*" => Ok(Self::Any),
            _ if port.starts_with('{') => Err("lists of ports are not supported"),
            Some((first, end)) => Ok(Self::Among(number(first)?..number(end)?)),
            None => Ok(Self::only(number(port)?)),
        }
    }

    fn only(port: u32) -> Self {
        Self::Among(port..port + 1)
    }

    fn allows(&self, port: Option<u16>) -> bool {
        match (self, port) {
            (Self::Any, _) => true,
            (Self::Among(range), Some(port)) => range.contains(&port.into()),
            (Self::Among(_), None) => false,
        }
    }
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "mqtt" => Some(1883),
        "mysql" => Some(3306),
        "postgres" => Some(5432),
        "redis" => Some(6379),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_entries_are_refused_with_the_reason() {
        for (entry, reason) in [
            ("", "SCHEME://HOST"),
            ("*", "SCHEME://HOST"),
            ("example.com", "SCHEME://HOST"),
            ("insecure:allow-all", "*://*:*"),
            ("http://example.com/path", "path"),
            ("http://example.com:80/path", "path"),
            ("http://*.*.com", "follow"),
            ("http://a.*.com", "first label"),
            ("http://*.10.0.0.1", "follow"),
            ("http://example.com:port", "not a number"),
            ("http://example.com:99999", "not a number"),
            ("http://{a,b}.com", "lists"),
            ("ht-tp://example.com:1", "letters"),
            ("*://example.com", "well-known port"),
            ("ftp://example.com", "well-known port"),
        ] {
            let error = AllowedHost::parse(entry).unwrap_err().to_string();
            assert!(error.contains(reason), "{entry:?}: {error}");
        }
    }
}
