//! The access policy: data, in the variable `access_policy`.

use http::Method;

use crate::domain::RoleName;
use crate::rules::{self, InvalidRule, RequestPattern};

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    Public,
    /// A signed-in user.
    SignedIn,
    /// A signed-in user who has one of these roles; nobody at all where there are none.
    AnyRole(Vec<RoleName>),
}

/// The rules: `METHODS ROUTE WHO` a line, the first that matches counts. WHO is `public`, `signed-in`, or roles such as
/// `role:admin role:airline`. What no rule is for, nobody may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPolicy(Vec<(RequestPattern, Requirement)>);

impl AccessPolicy {
    /// Reads the rules.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        rules::parse(text, |pattern, who| {
            parse_requirement(who).map(|requirement| (pattern, requirement))
        })
        .map(Self)
    }

    /// What a request needs.
    pub fn requirement(&self, method: &Method, path: &str) -> &Requirement {
        const NOBODY: &Requirement = &Requirement::AnyRole(Vec::new());
        let rule = self.0.iter().find(|(pattern, _)| pattern.matches(method, path));
        rule.map_or(NOBODY, |(_, requirement)| requirement)
    }
}

fn parse_requirement(who: &str) -> Result<Requirement, &'static str> {
    match who {
        "public" => return Ok(Requirement::Public),
        "signed-in" => return Ok(Requirement::SignedIn),
        _ => {}
    }
    let parse_role = |word: &str| {
        let name = word
            .strip_prefix("role:")
            .ok_or("the last part is not `public`, `signed-in` or `role:NAME ...`")?;
        RoleName::parse(name).map_err(|_| "a role's name is not valid")
    };
    who.split_whitespace()
        .map(parse_role)
        .collect::<Result<_, _>>()
        .map(Requirement::AnyRole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "
        GET,HEAD /api/v1/flights/... public
        *        /api/v1/flights/... role:admin role:airline
        *        /api/v1/bookings/... signed-in
    ";

    fn requirement(method: Method, path: &str) -> Requirement {
        AccessPolicy::parse(POLICY)
            .unwrap()
            .requirement(&method, path)
            .clone()
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let role = |name| RoleName::parse(name).unwrap();
        assert_eq!(requirement(Method::GET, "/api/v1/flights/7"), Requirement::Public);
        assert_eq!(requirement(Method::GET, "/api/v1/flights"), Requirement::Public);
        let staff = Requirement::AnyRole(vec![role("admin"), role("airline")]);
        assert_eq!(requirement(Method::POST, "/api/v1/flights/7"), staff);
        assert_eq!(
            requirement(Method::DELETE, "/api/v1/bookings/7"),
            Requirement::SignedIn
        );
    }

    #[test]
    fn what_no_rule_is_for_nobody_may() {
        for path in ["/", "/api/v1/flightsx", "/api/v1/roles", "/API/v1/flights"] {
            assert_eq!(
                requirement(Method::GET, path),
                Requirement::AnyRole(Vec::new()),
                "{path}"
            );
        }
    }

    #[test]
    fn a_bad_rule_is_refused() {
        for rule in [
            "* /x",
            "* /x everyone",
            "* /x role:",
            "* /x role:admin airline",
            "* /x public role:admin",
        ] {
            assert!(AccessPolicy::parse(rule).is_err(), "{rule}");
        }
    }
}
