//! What an answer says about the limits: draft-ietf-httpapi-ratelimit-headers-11.

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{BareItem, Integer, KeyRef, List, ListEntry, ListSerializer, Parser, StringRef};

use super::limit::Limit;
use super::usage::Usage;
use crate::http::{Code, Problem};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

const QUOTA: &KeyRef = KeyRef::constant("q");
const WINDOW: &KeyRef = KeyRef::constant("w");
const REMAINING: &KeyRef = KeyRef::constant("r");
const RESET: &KeyRef = KeyRef::constant("t");

/// Says which limits were counted, and how the tightest stands: the one with the fewest requests left. Each component on the
/// way of a request adds what it counted to what those behind it have said already. In `RateLimit`, `t` is the time within
/// which no more than `r` requests pass: in a sliding window, until the oldest ones leave it.
pub fn add_headers(headers: &mut HeaderMap, usages: &[Usage]) {
    let Some(tightest) = usages.iter().min_by_key(|usage| usage.remaining) else {
        return;
    };
    let behind = present(headers, &RATE_LIMIT_POLICY);
    insert(headers, RATE_LIMIT_POLICY, |list| {
        list.members(&behind);
        for Usage { limit, .. } in usages {
            add_member(list, limit, [(QUOTA, limit.quota), (WINDOW, limit.window)]);
        }
    });
    let behind = present(headers, &RATE_LIMIT);
    let behind = behind.iter().min_by_key(|member| left(member));
    insert(headers, RATE_LIMIT, |list| match behind {
        // Of two that have nothing left, what those behind have said comes first: it may be why the request was refused.
        Some(member) if left(member) <= tightest.remaining => list.members([member]),
        _ => {
            let Usage {
                limit,
                remaining,
                reset,
                ..
            } = tightest;
            add_member(list, limit, [(REMAINING, *remaining), (RESET, *reset)]);
        }
    });
}

/// The problem of a request that was one too many, if it was: which policies, and when the next request will pass.
pub fn exceeded(usages: &[Usage]) -> Option<Problem> {
    let exceeded: Vec<&Usage> = usages.iter().filter(|usage| usage.exceeded).collect();
    let wait = exceeded.iter().map(|usage| usage.reset).max()?;
    let policies = exceeded
        .iter()
        .map(|usage| usage.limit.policy.to_string())
        .collect();
    let problem = Problem::new(Code::RateLimited, format!("Try again in {wait} seconds."));
    Some(problem.with_violated_policies(policies).with_retry_after(wait))
}

/// The field as it is; nothing where it is no list, as an upstream of an older draft may send it.
fn present(headers: &HeaderMap, name: &HeaderName) -> List {
    if !headers.contains_key(name) {
        return List::new();
    }
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    Parser::new(&values.join(&b","[..])).parse().unwrap_or_default()
}

fn insert(headers: &mut HeaderMap, name: HeaderName, write: impl FnOnce(&mut ListSerializer<String>)) {
    let mut list = ListSerializer::new();
    write(&mut list);
    if let Some(value) = list.finish().and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(name, value);
    }
}

/// Adds a member of either field. A policy's name always fits; a number that is too great for a structured field becomes the
/// greatest that is not.
fn add_member(list: &mut ListSerializer<String>, limit: &Limit, parameters: [(&KeyRef, u64); 2]) {
    let Ok(name) = StringRef::from_str(&limit.policy) else {
        return;
    };
    let parameters = parameters.map(|(key, value)| (key, Integer::try_from(value).unwrap_or(Integer::MAX)));
    let _ = list.bare_item(name).parameters(parameters);
}

/// What a member of `RateLimit` says is left.
fn left(member: &ListEntry) -> u64 {
    let ListEntry::Item(item) = member else {
        return u64::MAX;
    };
    let left = item.params.get(REMAINING).and_then(BareItem::as_integer);
    left.and_then(|left| u64::try_from(i64::from(left)).ok())
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::RequestId;
    use crate::rate_limit::{By, parse_limits};

    fn usages() -> Vec<Usage> {
        let usage = |(limit, remaining, reset, exceeded)| Usage {
            limit: std::sync::Arc::new(limit),
            remaining,
            reset,
            exceeded,
        };
        let mut limits = parse_limits("signin", By::Client, "10;w=60, 5;w=3600")
            .unwrap()
            .into_iter();
        [
            (limits.next().unwrap(), 9, 41, false),
            (limits.next().unwrap(), 0, 1800, true),
        ]
        .map(usage)
        .into()
    }

    #[test]
    fn the_headers_are_those_of_the_draft() {
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, &usages());
        assert_eq!(
            headers["ratelimit-policy"],
            r#""signin";q=10;w=60, "signin-3600s";q=5;w=3600"#
        );
        assert_eq!(
            headers["ratelimit"], r#""signin-3600s";r=0;t=1800"#,
            "the tightest alone"
        );
    }

    #[test]
    fn what_another_component_counted_stays_and_the_tightest_is_shown() {
        for (behind, shown) in [
            (r#""signin-email";r=4;t=9"#, r#""signin-email";r=4;t=9"#),
            (r#""signin-email";r=10;t=9"#, r#""signin";r=9;t=41"#),
            ("limit=10, remaining=4", r#""signin";r=9;t=41"#),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("ratelimit", HeaderValue::from_static(behind));
            headers.insert(
                "ratelimit-policy",
                HeaderValue::from_static(r#""signin-email";q=5;w=60"#),
            );
            add_headers(&mut headers, &usages()[..1]);
            assert_eq!(headers["ratelimit"], shown);
            assert_eq!(
                headers["ratelimit-policy"],
                r#""signin-email";q=5;w=60, "signin";q=10;w=60"#
            );
        }
    }

    #[test]
    fn without_limits_there_are_no_headers() {
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, &[]);
        assert!(headers.is_empty());
    }

    #[test]
    fn too_many_says_which_policy_and_when_to_come_back() {
        let response = exceeded(&usages())
            .unwrap()
            .into_response(&RequestId::for_test("r"));
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1800");
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["violated-policies"], serde_json::json!(["signin-3600s"]));
        assert_eq!(exceeded(&usages()[..1]), None);
    }
}
