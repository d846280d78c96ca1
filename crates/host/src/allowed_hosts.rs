//! `allowed_outbound_hosts`: where a component may connect to.
//!
//! An entry is `SCHEME://HOST[:PORT]`; `*` stands for any of each, `*.example.com` for any subdomain, a CIDR for its
//! addresses, `self` for the application itself, `80..90` for ports (the last excluded). Names are compared after
//! WHATWG URL parsing, so that `0x7f.1` is the address that it means and not a name.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use url::{Host, Url};

use crate::template::Template;
use crate::variables::{self, Variables};

/// The domain of the application's own components.
const CHAINING_SUFFIX: &str = ".spin.internal";

/// The destinations that a component may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

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
    reason: String,
}

/// Why the allowed hosts of a component cannot be settled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template has no value.
    #[error(transparent)]
    Variable(#[from] variables::Error),
    /// An entry, or what a template came to, is malformed. The template stands for its value, which may be a secret.
    #[error("allowed_outbound_hosts of component `{component}`: `{template}` is no allowed host: {reason}")]
    Malformed {
        /// The component.
        component: String,
        /// The entry as the manifest has it.
        template: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl AllowedHosts {
    /// Settles the entries of `component`. `components` are the ids that `*.spin.internal` stands for.
    pub fn resolve<'a>(
        component: &str,
        entries: &[Template],
        variables: &Variables,
        components: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let mut hosts = Vec::new();
        for template in entries {
            let entry = variables.render(template)?;
            if !template.is_literal() && stands_for_nothing(&entry) {
                continue;
            }
            hosts.push(AllowedHost::parse(&entry).map_err(|malformed| Error::Malformed {
                component: component.to_owned(),
                template: template.to_string(),
                reason: malformed.reason,
            })?);
        }
        Ok(Self(hosts).with_chaining_to(components))
    }

    /// Replaces `*.spin.internal` by the components themselves, so that it never means a name outside.
    fn with_chaining_to<'a>(self, components: impl IntoIterator<Item = &'a str>) -> Self {
        let components: Vec<_> = components.into_iter().collect();
        let expand = |host: AllowedHost| match &host.host {
            HostPattern::SubdomainOf(_) if host.chains_to_all() => components
                .iter()
                .map(|component| AllowedHost {
                    host: HostPattern::Exactly(Host::Domain(format!("{component}{CHAINING_SUFFIX}"))),
                    ..host.clone()
                })
                .collect(),
            _ => vec![host],
        };
        Self(self.0.into_iter().flat_map(expand).collect())
    }

    /// Whether a connection to `host` is allowed. Without a port, the one that the scheme is known for is meant.
    #[must_use]
    pub fn is_allowed(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Ok(host) = Host::parse(host) else { return false };
        let Some(port) = port.or_else(|| well_known_port(scheme)) else {
            return self
                .0
                .iter()
                .any(|entry| entry.port == Port::Any && entry.allows(scheme, &host, None));
        };
        self.0.iter().any(|entry| entry.allows(scheme, &host, Some(port)))
    }

    /// Whether a connection to the address of a URL is allowed; without a scheme, `scheme` is meant.
    #[must_use]
    pub fn is_url_allowed(&self, url: &str, scheme: &str) -> bool {
        let parsed = match Url::parse(url) {
            Ok(url) if url.has_host() => Ok(url),
            _ => Url::parse(&format!("{scheme}://{url}")),
        };
        let Ok(parsed) = parsed else { return false };
        let Some(host) = parsed.host_str() else {
            return false;
        };
        self.is_allowed(parsed.scheme(), host, parsed.port())
    }

    /// Whether the component may make requests to its own application, by a URL without a host.
    #[must_use]
    pub fn is_self_allowed(&self, scheme: &str) -> bool {
        self.0.iter().any(|entry| {
            entry.scheme.allows(scheme) && matches!(entry.host, HostPattern::Any | HostPattern::SelfApp)
        })
    }
}

/// The component that a host name of the form `NAME.spin.internal` means.
#[must_use]
pub fn chained_component(host: &str) -> Option<&str> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let component = host.strip_suffix(CHAINING_SUFFIX)?;
    (!component.is_empty() && !component.contains('.')).then_some(component)
}

/// A template whose variable is empty leaves nothing, or a scheme alone: an optional destination, not a mistake.
#[must_use]
pub fn stands_for_nothing(entry: &str) -> bool {
    matches!(entry, "" | "http://" | "https://")
}

impl AllowedHost {
    /// Parses an entry that has no templates.
    pub fn parse(entry: &str) -> Result<Self, Malformed> {
        Self::read(entry.trim()).map_err(|reason| Malformed {
            entry: entry.to_owned(),
            reason: reason.to_owned(),
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

    fn allows(&self, scheme: &str, host: &Host<String>, port: Option<u16>) -> bool {
        self.scheme.allows(scheme) && self.host.allows(host) && port.is_none_or(|port| self.port.allows(port))
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

    fn allows(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Among(range) => range.contains(&port.into()),
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

/// For messages: what one would write in the manifest to allow a destination.
#[must_use]
pub fn entry_for(scheme: &str, host: &str, port: Option<u16>) -> impl fmt::Display + use<> {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> AllowedHosts {
        AllowedHosts(
            entries
                .iter()
                .map(|entry| AllowedHost::parse(entry).unwrap())
                .collect(),
        )
    }

    #[test]
    fn an_entry_allows_what_it_says_and_no_more() {
        for (entry, url, expected) in [
            ("http://example.com", "http://example.com/any/path?q", true),
            ("http://example.com", "http://example.com:80", true),
            ("http://example.com", "http://EXAMPLE.com", true),
            ("http://example.com/", "http://example.com", true),
            ("http://example.com:", "http://example.com", true),
            ("http://example.com", "http://example.com:8080", false),
            ("http://example.com", "https://example.com", false),
            ("http://example.com", "http://www.example.com", false),
            ("http://example.com", "http://example.com.evil.org", false),
            ("https://example.com", "https://user:password@example.com", true),
            ("https://example.com", "https://example.com@evil.org", false),
            ("http://example.com:8000", "http://example.com:8000", true),
            ("http://example.com:8000/", "http://example.com:8000", true),
            ("http://example.com:8000..8002", "http://example.com:8001", true),
            ("http://example.com:8000..8002", "http://example.com:8002", false),
            ("http://example.com:*", "http://example.com:1", true),
            ("*://example.com:443", "https://example.com", true),
            ("*://example.com:443", "http://example.com", false),
            ("http://*", "http://anything", true),
            ("http://*", "http://anything:81", false),
            ("*://*:*", "redis://anything:6379", true),
            ("*://*:*", "unknown://anything", true),
            ("http://*.example.com", "http://a.b.example.com", true),
            ("http://*.example.com", "http://example.com", false),
            ("http://*.example.com", "http://badexample.com", false),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", true),
            ("http://127.0.0.1:3000", "http://localhost:3000", false),
            ("http://127.0.0.1:80", "http://0x7f.1", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("http://[::1]", "http://[::1]", true),
            ("http://10.0.0.0/8", "http://10.200.3.4", true),
            ("http://10.0.0.0/8:*", "http://10.1.1.1:99", true),
            ("http://10.0.0.0/8", "http://11.0.0.1", false),
            ("http://10.0.0.0/8", "http://ten.example.com", false),
            ("redis://cache", "redis://:secret@cache:6379/2", true),
            ("redis://cache:6380", "redis://cache", false),
            ("http://self", "http://self", false),
            (
                "http://signin.spin.internal",
                "http://signin.spin.internal/internal/ready",
                true,
            ),
            (
                "http://signin.spin.internal",
                "http://signup.spin.internal",
                false,
            ),
        ] {
            assert_eq!(
                hosts(&[entry]).is_url_allowed(url, "http"),
                expected,
                "{entry} for {url}"
            );
        }
    }

    #[test]
    fn an_address_without_a_scheme_gets_the_callers() {
        assert!(hosts(&["redis://cache:6379"]).is_url_allowed("cache:6379", "redis"));
        assert!(!hosts(&["redis://cache:6379"]).is_url_allowed("cache:6379", "http"));
    }

    #[test]
    fn no_entry_allows_nothing() {
        assert!(!AllowedHosts::default().is_allowed("http", "example.com", None));
        assert!(!AllowedHosts::default().is_self_allowed("http"));
    }

    #[test]
    fn requests_to_oneself_need_self_or_any_host() {
        for (entry, scheme, expected) in [
            ("http://self", "http", true),
            ("http://self", "https", false),
            ("http://self.alt", "http", true),
            ("https://*", "https", true),
            ("http://example.com", "http", false),
        ] {
            assert_eq!(
                hosts(&[entry]).is_self_allowed(scheme),
                expected,
                "{entry} for {scheme}"
            );
        }
    }

    #[test]
    fn any_component_means_those_of_the_application() {
        let allowed = hosts(&["http://*.spin.internal"]).with_chaining_to(["a", "b"]);
        assert!(allowed.is_allowed("http", "a.spin.internal", None));
        assert!(!allowed.is_allowed("http", "c.spin.internal", None));
    }

    #[test]
    fn a_chained_host_names_its_component() {
        for (host, expected) in [
            ("signin.spin.internal", Some("signin")),
            ("signin.spin.internal:80", Some("signin")),
            ("a.b.spin.internal", None),
            ("spin.internal", None),
            (".spin.internal", None),
            ("signin.spin.internal.example.com", None),
        ] {
            assert_eq!(chained_component(host), expected, "{host}");
        }
    }

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
