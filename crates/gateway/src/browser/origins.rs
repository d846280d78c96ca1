//! The origins whose pages may read our answers.
//!
//! A browser writes an origin in one way only (lower case, punycode, no default port), so what is configured is brought into
//! that form once, and an `Origin` header is then compared byte for byte. Nothing of it is parsed: there is no second reading
//! that a crafted one could aim at.

use std::net::Ipv6Addr;

use http::Uri;

/// Whose pages may read our answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Nobody's: no CORS.
    #[default]
    Nobody,
    /// Everybody's, without credentials.
    Everybody,
    /// These, with credentials.
    Listed(Vec<Pattern>),
}

/// One origin, or all below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `https://app.example.com`.
    Exactly(String),
    /// `https://*.example.com`, as what stands before and behind the asterisk.
    Below {
        /// `https://`
        scheme: String,
        /// `.example.com`, with the port if there is one.
        domain: String,
    },
}

/// Not a list of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a list of origins such as `https://app.example.com, https://*.example.org`, without paths and in ASCII (`xn--` for \
     international names), nor `*` alone"
)]
pub struct InvalidOrigins;

impl AllowedOrigins {
    /// Reads origins with commas or spaces between, or a single `*`.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigins> {
        let parts = || text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty());
        if parts().eq(["*"]) {
            return Ok(Self::Everybody);
        }
        let patterns: Vec<Pattern> = parts().map(Pattern::parse).collect::<Result<_, _>>()?;
        Ok(if patterns.is_empty() {
            Self::Nobody
        } else {
            Self::Listed(patterns)
        })
    }

    /// Whether a page of this origin may read our answers.
    pub fn allow(&self, origin: &[u8]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(origin)),
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, InvalidOrigins> {
        let (scheme, authority) = text.split_once("://").ok_or(InvalidOrigins)?;
        let scheme = scheme.to_ascii_lowercase();
        match authority.strip_prefix("*.") {
            None => Ok(Self::Exactly(format!(
                "{scheme}://{}",
                canonical(&scheme, authority)?
            ))),
            Some(domain) => {
                let domain = canonical(&scheme, domain)?;
                // All of `.com` is nobody's own, and neither has an address subdomains.
                let is_domain = domain.contains('.') && domain.bytes().any(|byte| byte.is_ascii_lowercase());
                if !is_domain {
                    return Err(InvalidOrigins);
                }
                Ok(Self::Below {
                    scheme: format!("{scheme}://"),
                    domain: format!(".{domain}"),
                })
            }
        }
    }

    fn matches(&self, origin: &[u8]) -> bool {
        match self {
            Self::Exactly(text) => text.as_bytes() == origin,
            Self::Below { scheme, domain } => origin
                .strip_prefix(scheme.as_bytes())
                .and_then(|rest| rest.strip_suffix(domain.as_bytes()))
                .is_some_and(|labels| labels.split(|byte| *byte == b'.').all(is_label)),
        }
    }
}

/// Host and port as browsers write them after this scheme.
fn canonical(scheme: &str, authority: &str) -> Result<String, InvalidOrigins> {
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(InvalidOrigins),
    };
    // The library checks the port's shape; a path, a user and the like are found by what is left over.
    let uri: Uri = format!("{scheme}://{authority}")
        .parse()
        .map_err(|_| InvalidOrigins)?;
    let host = host(uri.host().unwrap_or_default())?;
    let port = uri.port_u16();
    let written = port.map_or_else(
        || uri.host().map(str::to_owned),
        |port| Some(format!("{}:{port}", uri.host()?)),
    );
    if written.as_deref() != Some(authority) {
        return Err(InvalidOrigins);
    }
    Ok(match port.filter(|port| *port != default_port) {
        None => host,
        Some(port) => format!("{host}:{port}"),
    })
}

fn host(text: &str) -> Result<String, InvalidOrigins> {
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| InvalidOrigins)?;
        return Ok(format!("[{address}]"));
    }
    let host = text.to_ascii_lowercase();
    if host.split('.').map(str::as_bytes).all(is_label) {
        Ok(host)
    } else {
        Err(InvalidOrigins)
    }
}

/// Whether this can stand between two dots of a host name. Empty labels cannot: `https://example.com.` is another origin than
/// the one without the dot.
fn is_label(label: &[u8]) -> bool {
    let allowed =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !label.is_empty() && label.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(list: &str, origin: &str) -> bool {
        AllowedOrigins::parse(list).unwrap().allow(origin.as_bytes())
    }

    #[test]
    fn an_origin_is_allowed_as_browsers_write_it() {
        for (list, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://app.example.com:80", "http://app.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[0:0::1]:5173", "http://[::1]:5173"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://a.example,\n https://b.example", "https://b.example"),
            ("https://*.example.com", "https://app.example.com"),
            ("https://*.example.com", "https://a-1.b_2.example.com"),
            ("https://*.example.com:8443", "https://app.example.com:8443"),
        ] {
            assert!(allows(list, origin), "{list}: {origin}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not() {
        let exact = "https://app.example.com";
        for origin in [
            "null",
            "",
            "http://app.example.com",
            "https://app.example.com:443",
            "https://app.example.com:8443",
            "https://app.example.com.",
            "https://app.example.com/",
            "https://APP.example.com",
            "https://app.example.com.evil",
            "https://evilapp.example.com",
            "https://app.example.comevil",
            "https://app.example.com, https://evil",
            "https://evil https://app.example.com",
        ] {
            assert!(!allows(exact, origin), "{origin}");
        }
    }

    #[test]
    fn a_wildcard_means_subdomains_and_nothing_else() {
        let below = "https://*.example.com";
        for origin in [
            "null",
            "https://example.com",
            "https://.example.com",
            "https://a..example.com",
            "https://evilexample.com",
            "https://example.com.evil",
            "https://a.example.com.evil",
            "https://a.example.com.",
            "https://a.example.com:8443",
            "http://a.example.com",
            "https://evil.com/.example.com",
            "https://evil.com#.example.com",
            "https://evil.com\\.example.com",
            "https://evil.com`.example.com",
            "https://evil.com:1.example.com",
            "https://u@a.example.com",
            "https://A.example.com",
            "https://*.example.com",
        ] {
            assert!(!allows(below, origin), "{origin}");
        }
    }

    #[test]
    fn nobody_is_allowed_unless_somebody_is() {
        assert_eq!(AllowedOrigins::parse(" , "), Ok(AllowedOrigins::Nobody));
        assert!(!allows("", "https://a.example"));
        assert!(allows("*", "https://a.example") && allows(" * ", "null"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for list in [
            "example.com",
            "*.example.com",
            "https://",
            "https://*",
            "https://*.com",
            "https://*.",
            "https://*.127.0.0.1",
            "https://a.*.example.com",
            "https://app*.example.com",
            "https://*.*.example.com",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?q",
            "https://u:p@a.example",
            "https://a.example:",
            "https://a.example:*",
            "https://a.example:99999",
            "https://a.example.",
            "https://bücher.example",
            "https://a%2eexample",
            "null",
            "file://x",
            "*, https://a.example",
            "https://[::1",
        ] {
            assert_eq!(AllowedOrigins::parse(list), Err(InvalidOrigins), "{list}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whatever_a_wildcard_allows_is_a_subdomain(before in "[ -~]{0,20}", behind in "[ -~]{0,8}") {
            let origin = format!("https://{before}.example.com{behind}");
            if allows("https://*.example.com", &origin) {
                let host = origin.strip_prefix("https://").unwrap();
                let uri: Uri = origin.parse().unwrap();
                prop_assert_eq!(uri.host(), Some(host));
                prop_assert!(host.ends_with(".example.com"));
            }
        }

        #[test]
        fn an_exact_origin_allows_itself_and_no_other(origin in "https://[a-z]{1,8}\\.(com|org)(:[1-9][0-9]{3})?", other in "[ -~]{0,40}") {
            prop_assert!(allows(&origin, &origin));
            prop_assert_eq!(allows(&origin, &other), origin == other);
        }

        #[test]
        fn no_list_makes_the_parser_fail_otherwise_than_by_refusing(list in "[ -~]{0,60}") {
            let _ = AllowedOrigins::parse(&list);
        }
    }
}
