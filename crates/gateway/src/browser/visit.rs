//! One request, and what its answer needs so that a browser may have it.

use http::{HeaderMap, HeaderName, Request, header};

use super::cors::{Grant, is_preflight};
use super::{AllowedOrigins, Settings, secure};
use crate::client::{Approach, Client};
use crate::http::{Response, no_content};

/// What is known of a request when its answer is dressed.
#[derive(Clone, Debug)]
pub struct Visit {
    grant: Grant,
    /// The headers that a preflight asked for and may have; `None` where it is no preflight.
    preflight: Option<Vec<HeaderName>>,
    by_https: bool,
}

impl Visit {
    /// Looks at the head of a request.
    pub fn of<B>(request: &Request<B>, settings: &Settings) -> Self {
        let grant = grant(request.headers(), &settings.origins);
        Self {
            preflight: (grant != Grant::Off && is_preflight(request))
                .then(|| asked_for(request.headers(), settings)),
            grant,
            by_https: is_by_https(request, settings),
        }
    }

    /// A request of which nothing is known, because its head or our settings could not be read.
    pub fn unknown() -> Self {
        Self {
            grant: Grant::Off,
            preflight: None,
            by_https: false,
        }
    }

    /// The answer to a preflight, which is asked without credentials and so before anything else; `None` for every other
    /// request. It costs nobody anything and is not counted: a page would otherwise pay for each request twice. An origin that
    /// is not allowed gets the same answer without permission in it, which its browser understands.
    pub fn preflight(&self) -> Option<Response> {
        self.preflight.is_some().then(no_content)
    }

    /// Sets the headers on an answer, whoever made it.
    pub fn dress(&self, headers: &mut HeaderMap) {
        match &self.preflight {
            Some(asked) => self.grant.dress_preflight(headers, asked),
            None => self.grant.dress(headers),
        }
        secure(headers, self.by_https);
    }
}

fn grant(headers: &HeaderMap, origins: &AllowedOrigins) -> Grant {
    match origins {
        AllowedOrigins::Nobody => Grant::Off,
        AllowedOrigins::Everybody => Grant::Anybody,
        AllowedOrigins::Listed(_) => {
            let mut values = headers.get_all(header::ORIGIN).iter();
            match (values.next(), values.next()) {
                (Some(origin), None) if origins.allow(origin.as_bytes()) => Grant::Origin(origin.clone()),
                _ => Grant::Refused,
            }
        }
    }
}

fn asked_for(headers: &HeaderMap, settings: &Settings) -> Vec<HeaderName> {
    let lines = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| settings.headers.of_those(line)).collect()
}

fn is_by_https<B>(request: &Request<B>, settings: &Settings) -> bool {
    // Over a plain connection that nobody vouches for there is nothing to find out.
    let is_plain = request.uri().scheme_str() != Some("https") && settings.client.trusted_proxies.is_empty();
    let approach = || {
        let client = Client::of_request(request.headers(), &settings.client);
        Approach::of(request, &client, &settings.client).scheme == "https"
    };
    !is_plain && approach()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::AllowedHeaders;
    use crate::client::{self, TrustedProxies};

    fn visit(origins: &str, method: &str, headers: &[(&str, &str)]) -> Visit {
        let settings = Settings {
            origins: AllowedOrigins::parse(origins).unwrap(),
            headers: AllowedHeaders::Any,
            client: client::Settings {
                trusted_proxies: TrustedProxies::parse("10.0.0.0/8").unwrap(),
                ..client::Settings::default()
            },
        };
        let mut request = Request::builder().method(method).uri("http://gateway/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Visit::of(&request.body(()).unwrap(), &settings)
    }

    fn dressed(visit: &Visit, own: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        visit.dress(&mut headers);
        headers
    }

    fn cors(headers: &HeaderMap) -> Vec<String> {
        let of_cors = headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("access-control-"));
        let mut lines: Vec<_> = of_cors
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    const APP: (&str, &str) = ("origin", "https://app.example.com");
    const ASKS: (&str, &str) = ("access-control-request-method", "PUT");

    #[test]
    fn an_allowed_origin_may_read_the_answer_and_what_the_service_said_of_it_is_gone() {
        let visit = visit("https://*.example.com", "GET", &[APP]);
        let headers = dressed(
            &visit,
            &[
                ("vary", "accept"),
                ("access-control-allow-origin", "*"),
                ("access-control-allow-origin", "https://other"),
                ("access-control-max-age", "1"),
            ],
        );
        assert_eq!(
            cors(&headers)[..2],
            [
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://app.example.com"
            ]
        );
        assert!(cors(&headers)[2].contains("retry-after") && cors(&headers).len() == 3);
        let vary: Vec<_> = headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["accept", "origin"]);
        assert!(visit.preflight().is_none());
    }

    #[test]
    fn any_other_gets_an_answer_that_its_browser_keeps_from_the_page() {
        for headers in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evilexample.com")],
            &[APP, APP],
        ] {
            let headers = dressed(
                &visit("https://*.example.com", "GET", headers),
                &[("access-control-allow-origin", "*")],
            );
            assert_eq!(cors(&headers), [""; 0]);
            assert_eq!(headers["vary"], "origin");
        }
    }

    #[test]
    fn everybody_means_without_credentials() {
        let headers = dressed(&visit("*", "GET", &[APP]), &[]);
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("access-control-allow-credentials") && !headers.contains_key("vary"));
    }

    #[test]
    fn a_preflight_is_answered_here() {
        let asked = visit("https://app.example.com", "OPTIONS", &[APP, ASKS]);
        assert_eq!(asked.preflight().unwrap().status(), 204);
        let headers = dressed(&asked, &[]);
        assert_eq!(
            headers["access-control-allow-methods"],
            "GET, HEAD, POST, PUT, PATCH, DELETE"
        );
        assert_eq!(headers["access-control-max-age"], "7200");
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization") && !allowed.contains("x-user-id"));

        let more = ("access-control-request-headers", "x-tenant, x-user-id, range");
        let headers = dressed(
            &visit("https://app.example.com", "OPTIONS", &[APP, ASKS, more]),
            &[],
        );
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(
            allowed.ends_with(", x-tenant") && !allowed.contains("x-user-id"),
            "{allowed}"
        );

        let refused = visit("https://other.example", "OPTIONS", &[APP, ASKS]);
        assert_eq!(refused.preflight().unwrap().status(), 204);
        assert_eq!(cors(&dressed(&refused, &[])), [""; 0]);
    }

    #[test]
    fn what_is_no_preflight_goes_its_way() {
        for (origins, method, headers) in [
            ("", "OPTIONS", &[APP, ASKS][..]),
            ("*", "OPTIONS", &[APP]),
            ("*", "OPTIONS", &[ASKS]),
            ("*", "PUT", &[APP, ASKS]),
        ] {
            assert!(
                visit(origins, method, headers).preflight().is_none(),
                "{origins} {method}"
            );
        }
    }

    #[test]
    fn without_cors_nothing_is_said_of_it() {
        let headers = dressed(&visit("", "GET", &[APP]), &[]);
        assert!(cors(&headers).is_empty() && !headers.contains_key("vary"));
    }

    #[test]
    fn https_is_known_by_a_trusted_proxys_word() {
        let by_https = |address, proto| {
            visit(
                "",
                "GET",
                &[("spin-client-addr", address), ("x-forwarded-proto", proto)],
            )
            .by_https
        };
        assert!(by_https("10.0.0.1:80", "https"));
        assert!(!by_https("10.0.0.1:80", "http"));
        assert!(!by_https("192.0.2.7:80", "https"));
    }
}
