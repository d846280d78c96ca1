//! The rules, and which of them a request falls under.

use std::sync::Arc;

use http::Method;
use smallvec::SmallVec;

use super::limit::{By, Limit, parse_limits};
use crate::rules::{self, InvalidRule, RequestPattern, Target};

/// The rules of the variable `rate_limits`: `METHODS ROUTE NAME [by=KIND] LIMITS` a line. For each kind of limit, the first
/// rule counts that matches and has one of that kind: what is said by user leaves standing what is said by client. A rule
/// without limits, because the variable that has them is empty, is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimits(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: RequestPattern,
    limits: Vec<Arc<Limit>>,
}

impl RateLimits {
    /// Reads the rules.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        rules::parse(text, parse_rule).map(Self)
    }

    /// The limits of this kind for a request; none where no rule is for it. Where a server behind us may read the request as
    /// one that another rule is for, it counts against both: no spelling has a quota of its own.
    pub fn of(&self, by: By, target: &Target<'_>) -> SmallVec<[&Arc<Limit>; 4]> {
        let of_kind = |limit: &&Arc<Limit>| limit.by == by;
        let is_of_kind = |rule: &&Rule| rule.limits.iter().any(|limit| limit.by == by);
        let rules: SmallVec<[&Rule; 4]> = self.0.iter().filter(is_of_kind).collect();
        let mut found = SmallVec::new();
        for (method, path) in target.readings() {
            let rule = rules.iter().find(|rule| rule.pattern.matches(method, path));
            for limit in rule.into_iter().flat_map(|rule| &rule.limits).filter(of_kind) {
                if !found
                    .iter()
                    .any(|other: &&Arc<Limit>| other.policy == limit.policy)
                {
                    found.push(limit);
                }
            }
        }
        found
    }

    /// The longest window of this kind for a request, in seconds; none where no rule is for it.
    pub fn longest_window(&self, by: By, method: &Method, path: &str) -> Option<u64> {
        let limits = self.of(by, &Target::of(method, path));
        limits.iter().map(|limit| limit.window).max()
    }

    /// The shortest window there is, in seconds.
    pub fn shortest_window(&self) -> Option<u64> {
        let limits = self.0.iter().flat_map(|rule| &rule.limits);
        limits.map(|limit| limit.window).min()
    }
}

fn parse_rule(pattern: RequestPattern, rest: &str) -> Result<Rule, String> {
    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if !name.bytes().all(is_name) {
        return Err("the policy's name has other characters than a-z, 0-9, - and _".to_owned());
    }
    let rest = rest.trim();
    let (by, limits) = match rest.strip_prefix("by=") {
        None => (By::Client, rest),
        Some(rest) => {
            let (kind, limits) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let by = By::parse(kind).ok_or("`by=` is not followed by client, email, user or route")?;
            (by, limits.trim())
        }
    };
    if limits.is_empty() {
        return Ok(Rule {
            pattern,
            limits: Vec::new(),
        });
    }
    // By convention the limits of a policy come from the application variable of its name, which is where to look.
    let limits = parse_limits(name, by, limits).map_err(|error| format!("`rate_limit_{name}` {error}"))?;
    let limits = limits.into_iter().map(Arc::new).collect();
    Ok(Rule { pattern, limits })
}

/// What to do with a request that could not be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Refuse it: better no sign-in than one that may be tried without end.
    Refuse,
    /// Let it pass, and say so in the log: better a search uncounted than none.
    Pass,
}

impl OnFailure {
    /// Reads the variable `rate_limit_on_failure`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "pass" => Ok(Self::Pass),
            _ => Err("is neither `refuse` nor `pass`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rules: &RateLimits, by: By, method: &Method, path: &str) -> Vec<String> {
        let limits = rules.of(by, &Target::of(method, path));
        limits.iter().map(|limit| limit.policy.to_string()).collect()
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let rules = "POST /api/v1/signin signin 10;w=60, 5;w=60;by=email\n* /... default 300;w=60";
        let rules = RateLimits::parse(rules).unwrap();
        assert_eq!(
            names(&rules, By::Client, &Method::POST, "/api/v1/signin"),
            ["signin"]
        );
        assert_eq!(
            names(&rules, By::Email, &Method::POST, "/api/v1/signin"),
            ["signin-email"]
        );
        assert_eq!(
            names(&rules, By::Client, &Method::GET, "/api/v1/signin"),
            ["default"]
        );
        assert_eq!(
            names(&rules, By::Client, &Method::POST, "/api/v1/signin/"),
            ["signin"]
        );
    }

    #[test]
    fn no_spelling_of_a_path_has_a_quota_of_its_own() {
        let rules = RateLimits::parse("GET /f/search search 10;w=60\n* /... default 300;w=60").unwrap();
        assert_eq!(
            names(&rules, By::Client, &Method::GET, "/f/%73earch/"),
            ["search"]
        );
        for path in [
            "/f//search",
            "/f/SEARCH",
            "/f/search;x",
            "/f/search.json",
            "/f/%2573earch",
        ] {
            assert_eq!(
                names(&rules, By::Client, &Method::GET, path),
                ["default", "search"],
                "{path}"
            );
        }
        let get = Method::from_bytes(b"Get").unwrap();
        assert_eq!(
            names(&rules, By::Client, &get, "/f/search"),
            ["default", "search"]
        );
        assert_eq!(names(&rules, By::Client, &Method::GET, "/f/LHR"), ["default"]);
    }

    #[test]
    fn each_kind_of_limit_has_its_own_first_rule() {
        let rules = RateLimits::parse(
            "GET /f/... searches by=route 1000;w=1\n* /... user by=user 600;w=60\n* /... default 300;w=60, 9;w=1",
        )
        .unwrap();
        assert_eq!(names(&rules, By::Route, &Method::GET, "/f/1"), ["searches"]);
        assert_eq!(names(&rules, By::User, &Method::GET, "/f/1"), ["user"]);
        assert_eq!(
            names(&rules, By::Client, &Method::GET, "/f/1"),
            ["default", "default-1s"]
        );
        assert!(names(&rules, By::Route, &Method::POST, "/f/1").is_empty());
        assert_eq!(rules.shortest_window(), Some(1));
    }

    #[test]
    fn a_rule_whose_variable_is_empty_is_none() {
        let rules = RateLimits::parse("* /... user by=user  \nPOST /x x \n* /... default 3;w=60").unwrap();
        assert!(names(&rules, By::User, &Method::GET, "/x").is_empty());
        assert_eq!(names(&rules, By::Client, &Method::POST, "/x"), ["default"]);
    }

    #[test]
    fn a_request_without_a_rule_has_no_limit() {
        let rules = RateLimits::parse("POST /x x 1;w=1").unwrap();
        assert!(names(&rules, By::Client, &Method::GET, "/x").is_empty());
    }

    #[test]
    fn a_bad_rule_is_refused() {
        for rule in [
            "* /... 300;w=60",
            "* /... Default 300;w=60",
            "* /... default 300",
            "* /... default by=moon 300;w=60",
            "* /... default by=",
        ] {
            assert!(RateLimits::parse(rule).is_err(), "{rule}");
        }
    }
}
