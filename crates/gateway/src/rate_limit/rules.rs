//! The rules, and which of them a request falls under.

use http::Method;

use super::limit::{Limit, parse_limits};
use crate::rules::{self, InvalidRule, RequestPattern};

/// The rules of the variable `rate_limits`: `METHODS ROUTE NAME LIMITS` a line, the first that matches counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimits(Vec<(RequestPattern, Vec<Limit>)>);

impl RateLimits {
    /// Reads the rules.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        rules::parse(text, parse_rule).map(Self)
    }

    /// The limits of a request; none where no rule is for it.
    pub fn of(&self, method: &Method, path: &str) -> &[Limit] {
        let rule = self.0.iter().find(|(pattern, _)| pattern.matches(method, path));
        rule.map_or(&[], |(_, limits)| limits)
    }
}

fn parse_rule(pattern: RequestPattern, rest: &str) -> Result<(RequestPattern, Vec<Limit>), String> {
    let (name, limits) = rest
        .split_once(char::is_whitespace)
        .ok_or("it has a name or limits, but not both")?;
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if !name.bytes().all(is_name) {
        return Err("the policy's name has other characters than a-z, 0-9, - and _".to_owned());
    }
    // By convention the limits of a policy come from the application variable of its name, which is where to look.
    let limits = parse_limits(name, limits.trim()).map_err(|error| format!("`rate_limit_{name}` {error}"))?;
    Ok((pattern, limits))
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

    #[test]
    fn the_first_rule_that_matches_counts() {
        let rules = "POST /api/v1/signin signin 10;w=60, 5;w=60;by=email\n* /... default 300;w=60";
        let limits = RateLimits::parse(rules).unwrap();
        assert_eq!(limits.of(&Method::POST, "/api/v1/signin").len(), 2);
        assert_eq!(limits.of(&Method::GET, "/api/v1/signin")[0].policy, "default");
        assert_eq!(limits.of(&Method::POST, "/api/v1/signin/")[0].policy, "default");
    }

    #[test]
    fn a_request_without_a_rule_has_no_limit() {
        assert!(
            RateLimits::parse("POST /x x 1;w=1")
                .unwrap()
                .of(&Method::GET, "/x")
                .is_empty()
        );
    }

    #[test]
    fn a_bad_rule_is_refused() {
        for rule in [
            "* /... default",
            "* /... 300;w=60",
            "* /... Default 300;w=60",
            "* /... default 300",
        ] {
            assert!(RateLimits::parse(rule).is_err(), "{rule}");
        }
    }
}
