//! What a browser must not make of an answer (after OWASP's REST Security Cheat Sheet).
//!
//! What a service set itself stays: it knows what it serves. What is left out, and why: `x-frame-options` and
//! `x-xss-protection` say less than the policy here does in every browser that still gets updates, and `permissions-policy`
//! only means something to documents, which the policy here lets do nothing anyway.

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// No guessing of types.
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Links out of an answer tell nobody where they were found: our paths have ids in them.
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// An answer that is opened as a page loads nothing, runs nothing and stands in nobody's frame. A service that does serve
/// pages says its own policy.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Two years of https only. The domains below are not ours to promise for.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Sets them where they are not set. `by_https`: the client's own connection is encrypted; over a plain one a browser has to
/// ignore the last of them (RFC 6797, section 8.1).
pub fn secure(headers: &mut HeaderMap, by_https: bool) {
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    headers.entry(REFERRER_POLICY).or_insert(NO_REFERRER);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    if by_https {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HTTPS_ONLY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_them_and_https_is_asked_for_over_https_alone() {
        let mut headers = HeaderMap::new();
        secure(&mut headers, false);
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; frame-ancestors 'none'"
        );
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        secure(&mut headers, true);
        assert_eq!(headers["strict-transport-security"], "max-age=63072000");
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn what_the_service_said_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'self'"),
        );
        secure(&mut headers, false);
        assert_eq!(headers["content-security-policy"], "default-src 'self'");
    }
}
