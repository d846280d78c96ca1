//! Which headers a page of an allowed origin may send.

use http::HeaderName;

use crate::http::names::{belongs_to_gateway, is_of_the_hop};

/// How many of a preflight's names are looked at: no page sends more.
const MAX_ASKED: usize = 64;

/// The variable `cors_allowed_headers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedHeaders {
    /// Any but those that the gateway writes itself: which ones a service reads is the service's business.
    #[default]
    Any,
    /// These, besides those that the gateway itself reads.
    Listed(Vec<HeaderName>),
}

/// Not a list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither `*` nor a list of names of headers that are not the gateway's own, with commas between")]
pub struct InvalidHeaders;

impl AllowedHeaders {
    /// Names with commas between, or `*`.
    pub fn parse(text: &str) -> Result<Self, InvalidHeaders> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let parse = |name: &str| {
            HeaderName::from_bytes(name.as_bytes())
                .ok()
                .filter(|name| is_a_client_s(name.as_str()) && name != "*")
                .ok_or(InvalidHeaders)
        };
        names.map(parse).collect::<Result<_, _>>().map(Self::Listed)
    }

    /// Those of a preflight's names (`Access-Control-Request-Headers`) that are allowed.
    pub(super) fn of_those(&self, asked: &str) -> Vec<HeaderName> {
        let names = asked.split(',').take(MAX_ASKED);
        let names = names.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok());
        match self {
            Self::Any => names.filter(|name| is_a_client_s(name.as_str())).collect(),
            Self::Listed(listed) => names.filter(|name| listed.contains(name)).collect(),
        }
    }
}

fn is_a_client_s(name: &str) -> bool {
    !belongs_to_gateway(name) && !is_of_the_hop(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_send_what_services_read_and_not_what_we_write() {
        let asked =
            "baggage, Sentry-Trace,x-tenant , if-range, x-user-id, X_Real_IP, x-forwarded-for, te, bad name";
        let all = AllowedHeaders::parse(" * ").unwrap().of_those(asked);
        assert_eq!(all, ["baggage", "sentry-trace", "x-tenant", "if-range"]);
        let some = AllowedHeaders::parse("X-Tenant,").unwrap().of_those(asked);
        assert_eq!(some, ["x-tenant"]);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["x y", "x-a;x-b", "x-user-id", "*, x-a", "te"] {
            assert_eq!(AllowedHeaders::parse(text), Err(InvalidHeaders), "{text}");
        }
    }
}
