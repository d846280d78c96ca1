//! What an answer says about the limits: draft-ietf-httpapi-ratelimit-headers-11.

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{BareItem, Integer, Item, KeyRef, List, ListEntry, ListSerializer, Parser, StringRef};

use super::usage::Usage;
use crate::http::{Code, Problem};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Says which limits were counted, and how the tightest stands: the one with the fewest requests left. Each component on the
/// way of a request adds what it counted to what those behind it have said already. In `RateLimit`, `t` is the time within
/// which no more than `r` requests pass: in a sliding window, until the oldest ones leave it.
pub fn add_headers(headers: &mut HeaderMap, usages: &[Usage]) {
    if usages.is_empty() {
        return;
    }
    let policies = usages
        .iter()
        .filter_map(|usage| item(usage, [("q", usage.limit.quota), ("w", usage.limit.window)]));
    let policies: List = present(headers, &RATE_LIMIT_POLICY)
        .into_iter()
        .chain(policies)
        .collect();
    insert(headers, RATE_LIMIT_POLICY, policies);
    let standings = usages
        .iter()
        .filter_map(|usage| item(usage, [("r", usage.remaining), ("t", usage.reset)]));
    // Of two that have nothing left, what those behind have said comes first: it may be why the request was refused.
    let standings = present(headers, &RATE_LIMIT).into_iter().chain(standings);
    let tightest = standings.min_by_key(left);
    insert(headers, RATE_LIMIT, tightest.into_iter().collect());
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

fn insert(headers: &mut HeaderMap, name: HeaderName, list: List) {
    let mut serializer = ListSerializer::new();
    serializer.members(&list);
    if let Some(value) = serializer
        .finish()
        .and_then(|text| HeaderValue::try_from(text).ok())
    {
        headers.insert(name, value);
    }
}

/// A member of either field. A policy's name and a key always fit; a number that is too great for a structured field becomes
/// the greatest that is not.
fn item(usage: &Usage, parameters: [(&'static str, u64); 2]) -> Option<ListEntry> {
    let name = StringRef::from_str(&usage.limit.policy).ok()?;
    let mut item = Item::new(name.to_owned());
    for (key, value) in parameters {
        let number = Integer::try_from(value).unwrap_or(Integer::MAX);
        let key = KeyRef::from_str(key).ok()?;
        item.params.insert(key.to_owned(), BareItem::Integer(number));
    }
    Some(ListEntry::Item(item))
}

/// What a member of `RateLimit` says is left.
fn left(member: &ListEntry) -> i64 {
    let ListEntry::Item(item) = member else {
        return i64::MAX;
    };
    let left = item.params.get("r").and_then(BareItem::as_integer);
    left.map_or(i64::MAX, i64::from)
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
