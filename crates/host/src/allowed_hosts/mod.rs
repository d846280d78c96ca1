//! `allowed_outbound_hosts`: where a component may connect to.
//!
//! An entry is `SCHEME://HOST[:PORT]`; `*` stands for any of each, `*.example.com` for any subdomain, a CIDR for its
//! addresses, `self` for the application itself, `80..90` for ports (the last excluded). Names are compared after
//! WHATWG URL parsing, so that `0x7f.1` is the address that it means and not a name.

mod entry;

use url::{Host, Url};

pub use self::entry::{AllowedHost, Malformed};
use crate::template::Template;
use crate::variables::{self, Variables};

/// What the names of the application's own components end with.
const CHAINING_SUFFIX: &str = ".spin.internal";

/// The destinations that a component may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

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
                reason: malformed.reason.to_owned(),
            })?);
        }
        Ok(Self(hosts).with_chaining_to(components))
    }

    /// Replaces `*.spin.internal` by the components themselves, so that it never means a name outside.
    fn with_chaining_to<'a>(self, components: impl IntoIterator<Item = &'a str>) -> Self {
        let components: Vec<_> = components.into_iter().collect();
        let expand = |host: AllowedHost| match host.chains_to_all() {
            true => components
                .iter()
                .map(|component| host.chaining_to(component))
                .collect(),
            false => vec![host],
        };
        Self(self.0.into_iter().flat_map(expand).collect())
    }

    /// Whether a connection to `host` is allowed. Without a port, the one that the scheme is known for is meant.
    #[must_use]
    pub fn is_allowed(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Ok(host) = Host::parse(host) else { return false };
        self.0.iter().any(|entry| entry.allows(scheme, &host, port))
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
        self.0.iter().any(|entry| entry.allows_self(scheme))
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
}
