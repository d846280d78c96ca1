//! The browser that has asked for a code by mail: it is given a secret, and without that the code is worth nothing.
//!
//! So who tricks somebody out of a code, or sees it on a locked telephone, has half of what it takes; and whoever tries codes tries
//! them against their own requests, and uses up nobody else's. The answer sets the secret as a cookie; a client that keeps no cookies
//! sends the value back in a header.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::domain::{AskingBrowser, AskingBrowserHash};

/// The cookie's name. The prefix makes browsers refuse one that was set without TLS or by another host of the same site.
const COOKIE: &str = "__Host-jetway_signin";

/// Where a client that keeps no cookies sends back what it was given.
pub const SIGNIN_HEADER: HeaderName = HeaderName::from_static("jetway-signin");

/// Whoever asks again may still get the mail before: so many requests of a browser are remembered, the newest first.
const KEPT: usize = 3;

const BETWEEN: char = '~';

/// What a request shows of the codes that its browser has asked for; nothing of it has been checked.
#[derive(Debug, Default)]
pub struct AskedBefore(Vec<AskingBrowser>);

impl AskedBefore {
    /// Looks into the cookie and the header. What is malformed is as if it were not there.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(text);
        let cookies = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let others = headers.get_all(SIGNIN_HEADER).iter().filter_map(text);
        let secrets = cookies.chain(others).flat_map(|value| value.split(BETWEEN));
        Self(secrets.filter_map(AskingBrowser::parse).take(KEPT).collect())
    }

    /// What the database keeps of them.
    pub fn hashes(&self) -> Vec<AskingBrowserHash> {
        self.0.iter().map(AskingBrowser::hash).collect()
    }

    /// The cookie for a browser that asks once more: this secret, before those of its requests before.
    pub fn cookie(&self, asking: &AskingBrowser, lifetime: Duration) -> Option<HeaderValue> {
        let others = self.0.iter().take(KEPT - 1);
        let values: Vec<_> = std::iter::once(asking)
            .chain(others)
            .map(AskingBrowser::reveal)
            .collect();
        let (value, age) = (values.join(&BETWEEN.to_string()), lifetime.as_secs());
        let cookie = format!("{COOKIE}={value}; Max-Age={age}; Path=/; Secure; HttpOnly; SameSite=Strict");
        HeaderValue::try_from(cookie).ok()
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::CountingEntropy;

    fn value_of(cookie: &HeaderValue) -> String {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        pair.split_once('=').unwrap().1.to_owned()
    }

    fn presented(name: &'static str, value: &str) -> AskedBefore {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        AskedBefore::of(&headers)
    }

    #[test]
    fn a_browser_shows_what_it_was_given_by_cookie_or_header() {
        let asking = AskingBrowser::generate(&CountingEntropy::default());
        let cookie = AskedBefore::default()
            .cookie(&asking, Duration::from_secs(600))
            .unwrap();
        let attributes = "; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Strict";
        assert!(cookie.to_str().unwrap().ends_with(attributes));
        let value = value_of(&cookie);
        for shown in [
            presented("cookie", &format!("a=b; {COOKIE}={value}; c=d")),
            presented("jetway-signin", &value),
        ] {
            assert_eq!(shown.hashes(), [asking.hash()]);
        }
    }

    #[test]
    fn the_newest_three_requests_of_a_browser_are_remembered() {
        let entropy = CountingEntropy::default();
        let mut before = AskedBefore::default();
        let mut all = Vec::new();
        for asked in 1..=5_usize {
            let asking = AskingBrowser::generate(&entropy);
            all.insert(0, asking.hash());
            let cookie = before.cookie(&asking, Duration::from_secs(600)).unwrap();
            before = presented("jetway-signin", &value_of(&cookie));
            assert_eq!(before.hashes(), all[..asked.min(3)]);
        }
    }

    #[test]
    fn what_is_malformed_is_not_there() {
        for value in ["", "x", &"A".repeat(42), &"A".repeat(44), "é", "~~~"] {
            assert_eq!(presented("jetway-signin", value).hashes(), [], "{value}");
        }
        let debug = format!("{:?}", AskingBrowser::generate(&CountingEntropy::default()));
        assert_eq!(debug, "AskingBrowser(..)");
    }
}
