//! What an answer says about the limits: draft-ietf-httpapi-ratelimit-headers-11.

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{Integer, KeyRef, ListSerializer, StringRef};

use super::counter::Usage;
use crate::http::{Code, Problem};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Adds how the limits stand, behind what the headers say already: both are lists, and each component on the way of a
/// request adds the limits that it counted.
pub fn add_headers(headers: &mut HeaderMap, usages: &[Usage]) {
    let policies = usages
        .iter()
        .map(|usage| (usage, [("q", usage.limit.quota), ("w", usage.limit.window)]));
    append(headers, RATE_LIMIT_POLICY, policies);
    let standings = usages
        .iter()
        .map(|usage| (usage, [("r", usage.remaining), ("t", usage.reset)]));
    append(headers, RATE_LIMIT, standings);
}

/// The problem of a request that was one too many, if it was: which policies, and when the next request will pass.
pub fn exceeded(usages: &[Usage]) -> Option<Problem> {
    let exceeded: Vec<&Usage> = usages.iter().filter(|usage| usage.exceeded).collect();
    let wait = exceeded.iter().map(|usage| usage.reset).max()?;
    let policies = exceeded.iter().map(|usage| usage.limit.policy.clone()).collect();
    let problem = Problem::new(Code::RateLimited, format!("Try again in {wait} seconds."));
    Some(problem.with_violated_policies(policies).with_retry_after(wait))
}

fn append<'a>(
    headers: &mut HeaderMap,
    name: HeaderName,
    items: impl Iterator<Item = (&'a Usage, [(&'static str, u64); 2])>,
) {
    let Some(added) = serialize(items) else { return };
    let present: Vec<String> = headers
        .get_all(&name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .chain([added])
        .collect();
    if let Ok(value) = HeaderValue::from_str(&present.join(", ")) {
        headers.insert(name, value);
    }
}

/// The list as a structured field; `None` where it is empty, because an empty list is no header at all. A policy's name and
/// a key always fit; a number that is too great for a structured field becomes the greatest that is not.
fn serialize<'a>(items: impl Iterator<Item = (&'a Usage, [(&'static str, u64); 2])>) -> Option<String> {
    let mut list = ListSerializer::new();
    for (usage, parameters) in items {
        let Ok(name) = StringRef::from_str(&usage.limit.policy) else {
            continue;
        };
        let mut item = list.bare_item(name);
        for (key, value) in parameters {
            let Ok(key) = KeyRef::from_str(key) else { continue };
            item = item.parameter(key, Integer::try_from(value).unwrap_or(Integer::MAX));
        }
    }
    list.finish()
}

#[cfg(test)]
mod tests {
    use sfv::{List, Parser};

    use super::*;
    use crate::http::RequestId;
    use crate::rate_limit::parse_limits;

    fn usages() -> Vec<Usage> {
        let usage = |(limit, remaining, reset, exceeded)| Usage {
            limit,
            remaining,
            reset,
            exceeded,
        };
        let mut limits = parse_limits("signin", "10;w=60, 5;w=3600").unwrap().into_iter();
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
            headers["ratelimit"],
            r#""signin";r=9;t=41, "signin-3600s";r=0;t=1800"#
        );
    }

    #[test]
    fn what_another_component_counted_stays() {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit", HeaderValue::from_static(r#""signin-email";r=4;t=9"#));
        add_headers(&mut headers, &usages()[..1]);
        assert_eq!(
            headers["ratelimit"],
            r#""signin-email";r=4;t=9, "signin";r=9;t=41"#
        );
        assert_eq!(
            Parser::new(headers["ratelimit"].as_bytes())
                .parse::<List>()
                .unwrap()
                .len(),
            2
        );
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
