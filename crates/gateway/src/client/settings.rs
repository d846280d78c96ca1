//! What the operator says of how clients come to us.

use super::{Ipv6Prefix, ProxyHeaders, TrustedProxies, WrittenByProxies};
use crate::config::{ConfigError, read_optional};
use crate::ports::Variables;

/// The variables that are about who the client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose word about the client counts.
    pub trusted_proxies: TrustedProxies,
    /// Where they write it.
    pub proxy_headers: ProxyHeaders,
    /// Where they write the host that the client asked for.
    pub host_header: WrittenByProxies,
    /// Where they write its scheme.
    pub proto_header: WrittenByProxies,
    /// How much of an IPv6 address is one client.
    pub ipv6_prefix: Ipv6Prefix,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trusted_proxies: TrustedProxies::default(),
            proxy_headers: ProxyHeaders::default(),
            host_header: WrittenByProxies::NONE,
            proto_header: WrittenByProxies::PROTO,
            ipv6_prefix: Ipv6Prefix::default(),
        }
    }
}

impl Settings {
    /// Reads `trusted_proxies`, `trusted_proxy_header`, `trusted_proxy_host_header`, `trusted_proxy_proto_header` and
    /// `client_ipv6_prefix`, any of which may be missing.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            trusted_proxies: read_optional(variables, "trusted_proxies", TrustedProxies::parse)
                .await?
                .unwrap_or_default(),
            proxy_headers: read_optional(variables, "trusted_proxy_header", ProxyHeaders::parse)
                .await?
                .unwrap_or_default(),
            host_header: read_optional(variables, "trusted_proxy_host_header", WrittenByProxies::parse)
                .await?
                .unwrap_or(WrittenByProxies::NONE),
            proto_header: read_optional(variables, "trusted_proxy_proto_header", WrittenByProxies::parse)
                .await?
                .unwrap_or(WrittenByProxies::PROTO),
            ipv6_prefix: read_optional(variables, "client_ipv6_prefix", Ipv6Prefix::parse)
                .await?
                .unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    #[test]
    fn nothing_has_to_be_said() {
        let settings = block_on(Settings::read(&TestVariables::of(&[]))).unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn a_bad_variable_is_refused_by_its_name() {
        for (name, value) in [
            ("trusted_proxies", "everybody"),
            ("trusted_proxies", "0.0.0.0/0"),
            ("trusted_proxy_header", "x-real-ip"),
            ("trusted_proxy_host_header", "x-forwarded-host, host"),
            ("trusted_proxy_proto_header", "a b"),
            ("client_ipv6_prefix", "24"),
        ] {
            let error = block_on(Settings::read(&TestVariables::of(&[(name, value)]))).unwrap_err();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
}
