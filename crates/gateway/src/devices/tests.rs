use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::*;
use crate::domain::EmailAddress;
use crate::ports::{Clock as _, Entropy};
use crate::test_support::{ConstantEntropy, CountingEntropy, TestClock, TestDatabase, block_on};

struct Gateway {
    key: DeviceKey,
    clock: TestClock,
    entropy: CountingEntropy,
}

impl Gateway {
    fn new() -> Self {
        Self::with_secret_of(&CountingEntropy::default())
    }

    fn with_secret_of(entropy: &impl Entropy) -> Self {
        let database = TestDatabase::default();
        let key = DeviceKeyCache::new();
        Self {
            key: block_on(key.get(&database.store(), entropy)).unwrap(),
            clock: TestClock::default(),
            entropy: CountingEntropy::default(),
        }
    }

    /// The cookie's value after a sign-in on a device that shows `before`.
    fn sign_in(&self, email: &str, before: &str) -> String {
        let cookie = self
            .key
            .cookie(&shown(before), &address(email), &self.clock, &self.entropy);
        let cookie = cookie.unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        pair.strip_prefix("__Host-jetway_device=").unwrap().to_owned()
    }

    fn knows(&self, value: &str, email: &str) -> bool {
        let device = self
            .key
            .recognise(&shown(value), &address(email), self.clock.now());
        device.is_some()
    }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn shown(value: &str) -> Presented {
    let mut headers = HeaderMap::new();
    let cookie = format!("a=1; __Host-jetway_device={value}; b=2");
    headers.insert(header::COOKIE, HeaderValue::try_from(cookie).unwrap());
    Presented::of(&headers)
}

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

#[test]
fn a_device_is_known_for_the_address_it_has_signed_in_with_and_no_other() {
    let gateway = Gateway::new();
    let value = gateway.sign_in(ADA, "");
    assert!(gateway.knows(&value, ADA) && gateway.knows(&value, "ADA@Example.com"));
    assert!(!gateway.knows(&value, BOB));
    assert!(!value.to_lowercase().contains("ada"));
}

#[test]
fn a_proof_that_was_changed_anywhere_or_made_with_another_secret_is_none() {
    let gateway = Gateway::new();
    let value = gateway.sign_in(ADA, "");
    let (later, position) = (value.replace(".17", ".27"), value.len());
    assert_ne!(later, value);
    assert!(!gateway.knows(&later, ADA));
    for i in 0..position {
        let mut bytes = value.clone().into_bytes();
        bytes[i] = if bytes[i] == b'A' { b'Q' } else { b'A' };
        assert!(!gateway.knows(&String::from_utf8(bytes).unwrap(), ADA), "{i}");
    }
    let other = Gateway::with_secret_of(&ConstantEntropy(7));
    assert!(!other.knows(&value, ADA));
}

#[test]
fn a_device_is_forgotten_when_it_has_not_signed_in_for_long() {
    let gateway = Gateway::new();
    let value = gateway.sign_in(ADA, "");
    gateway.clock.advance(LIFETIME - Duration::from_secs(1));
    assert!(gateway.knows(&value, ADA));
    gateway.clock.advance(Duration::from_secs(1));
    assert!(!gateway.knows(&value, ADA));
}

#[test]
fn one_browser_is_known_for_the_few_people_who_used_it_last() {
    let gateway = Gateway::new();
    let mut value = String::new();
    let people: Vec<_> = (0..6).map(|i| format!("person{i}@example.com")).collect();
    for email in &people {
        value = gateway.sign_in(email, &value);
        // Signing in again takes no second place.
        value = gateway.sign_in(email, &value);
    }
    let known: Vec<_> = people.iter().map(|email| gateway.knows(&value, email)).collect();
    assert_eq!(known, [false, false, true, true, true, true]);
    assert!(value.len() < 300, "{}", value.len());
}

#[test]
fn every_sign_in_gives_a_new_name() {
    let gateway = Gateway::new();
    let first = gateway.sign_in(ADA, "");
    let second = gateway.sign_in(ADA, &first);
    assert_ne!(first, second);
    assert_eq!(second.split('~').count(), 1);
}

#[test]
fn a_client_without_cookies_may_send_it_in_a_header() {
    let gateway = Gateway::new();
    let mut headers = HeaderMap::new();
    let value = gateway.sign_in(ADA, "");
    headers.insert("jetway-device", HeaderValue::try_from(&value).unwrap());
    assert_eq!(Presented::of(&headers), shown(&value));
}

#[test]
fn what_is_malformed_is_not_there() {
    for value in [
        "",
        "~~~",
        "1",
        "1...",
        "2.AAAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAAAAAAAAAAAAAAAA",
        "1.AAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAAAAAAAAAAAAAAAA",
        "1.AAAAAAAAAAAAAAAAAAAAAA.+1.AAAAAAAAAAAAAAAAAAAAAA",
        "1.AAAAAAAAAAAAAAAAAAAAAA.9999999999999.AAAAAAAAAAAAAAAAAAAAAA",
        "1.AAAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAAAAAAAAAAAAAAAA.x",
    ] {
        assert!(shown(value).is_empty(), "{value}");
    }
    // No more is looked at than is ever given out.
    let many: Vec<_> = (0..99)
        .map(|i| format!("1.AAAAAAAAAAAAAAAAAAAAAA.{i}.AAAAAAAAAAAAAAAAAAAAAA"))
        .collect();
    assert_eq!(shown(&many.join("~")).0.len(), KEPT);
}

#[test]
fn the_cookie_is_for_this_host_over_tls_and_out_of_scripts_reach() {
    let gateway = Gateway::new();
    let cookie = gateway.key.cookie(
        &Presented::default(),
        &address(ADA),
        &gateway.clock,
        &gateway.entropy,
    );
    let cookie = cookie.unwrap();
    let attributes = cookie.to_str().unwrap().split_once(';').unwrap().1;
    assert_eq!(
        attributes,
        " Max-Age=15552000; Path=/; Secure; HttpOnly; SameSite=Strict"
    );
}
