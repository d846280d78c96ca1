//! The headers of CORS (the Fetch standard, section 3.3).
//!
//! All of them are constants but the origin itself, which is the client's own header value handed back: nothing is written
//! for a request.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

/// What the routes take between them. Which of these one route takes, its own 405 says.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// What a page may send besides what every page may, asked for or not. None of those that the gateway writes itself is among
/// them.
const REQUEST_HEADERS: &str = "authorization, cache-control, content-type, idempotency-key, if-match, if-modified-since, if-none-match, \
     if-unmodified-since, prefer, range, traceparent, tracestate, x-request-id, x-requested-with";

/// What a page may read besides what every page may.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "allow, content-disposition, content-range, etag, link, location, ratelimit, ratelimit-policy, retry-after, \
     www-authenticate, x-request-id",
);

/// How long a browser may go without asking again. Chromium does not believe more than these two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const ASKED: HeaderValue = HeaderValue::from_static("access-control-request-headers");

/// What a service may say of CORS itself, which would contradict us or double what we say.
const OF_SERVICES: [HeaderName; 7] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
    HeaderName::from_static("access-control-allow-private-network"),
];

/// What one request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// Nothing, because there is no CORS here.
    Off,
    /// Any page may read the answer, without credentials.
    Anybody,
    /// A page of this origin may, with credentials.
    Origin(HeaderValue),
    /// No page may; but another origin's could, which caches have to know.
    Refused,
}

impl Grant {
    /// Sets them.
    pub(super) fn dress(&self, headers: &mut HeaderMap) {
        if *self == Self::Off {
            return;
        }
        for name in &OF_SERVICES {
            headers.remove(name);
        }
        if *self != Self::Anybody {
            headers.append(header::VARY, ORIGIN);
        }
        match self {
            Self::Off | Self::Refused => return,
            Self::Anybody => drop(headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY)),
            Self::Origin(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            }
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }

    /// Sets those of the answer to a preflight as well.
    pub(super) fn dress_preflight(&self, headers: &mut HeaderMap, asked: &[HeaderName]) {
        self.dress(headers);
        if matches!(self, Self::Anybody | Self::Origin(_)) {
            headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, request_headers(asked));
            headers.append(header::VARY, ASKED);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
    }
}

/// The usual ones, and those of the others that a page asks for and may send.
fn request_headers(asked: &[HeaderName]) -> HeaderValue {
    let is_usual = |name: &HeaderName| REQUEST_HEADERS.split(", ").any(|usual| name == usual);
    let mut all = vec![REQUEST_HEADERS];
    all.extend(
        asked
            .iter()
            .filter(|name| !is_usual(name))
            .map(HeaderName::as_str),
    );
    HeaderValue::try_from(all.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(REQUEST_HEADERS))
}

/// Whether a browser asks if it may send a request, before it does.
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
