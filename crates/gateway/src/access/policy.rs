//! The access policy: data, in the variable `access_policy`.

use http::Method;

use crate::domain::RoleName;
use crate::http::{Code, HttpError};
use crate::proxy::check_path;
use crate::rules::{self, InvalidRule, Reading, RequestPattern, Target};

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

    /// What a request needs. Where a server behind us may read method and path as something that needs something else, the
    /// request is refused.
    pub fn requirement(&self, method: &Method, path: &str) -> Result<&Requirement, HttpError> {
        const NOBODY: &Requirement = &Requirement::AnyRole(Vec::new());
        check_path(path)?;
        let target = Target::of(method, path);
        let of = |(method, path): (&Method, Reading<'_>)| {
            let rule = self.0.iter().find(|(pattern, _)| pattern.matches(method, path));
            rule.map_or(NOBODY, |(_, requirement)| requirement)
        };
        let mut requirements = target.readings().map(of);
        let first = requirements.next().unwrap_or(NOBODY);
        if requirements.all(|other| other == first) {
            Ok(first)
        } else {
            Err(HttpError::new(
                Code::UnsafePath,
                "Another server may read this method and path as others. Write them as they are documented.",
            ))
        }
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
        let policy = AccessPolicy::parse(POLICY).unwrap();
        policy.requirement(&method, path).unwrap().clone()
    }

    fn role(name: &str) -> Requirement {
        Requirement::AnyRole(vec![RoleName::parse(name).unwrap()])
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
        for path in ["/", "/api/v1/flightsx", "/api/v1/roles", "/API/v1/roles"] {
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

    const RESERVED: &str = "
        GET /flights/reserved  role:admin
        GET /flights/...       public
        *   /...               role:staff
    ";

    #[test]
    fn a_path_is_decided_as_the_standard_reads_it() {
        let policy = AccessPolicy::parse(RESERVED).unwrap();
        for path in [
            "/flights/reserved",
            "/flights/reserved/",
            "/flights/%72eserved",
            "/flights/%72%65served/",
        ] {
            assert_eq!(
                policy.requirement(&Method::GET, path),
                Ok(&role("admin")),
                "{path}"
            );
        }
        for path in [
            "/flights",
            "/flights/7",
            "/flights/LHR",
            "/flights/a.json",
            "/flights/x;y",
            "/flights/a//b",
        ] {
            assert_eq!(
                policy.requirement(&Method::GET, path),
                Ok(&Requirement::Public),
                "{path}"
            );
        }
    }

    #[test]
    fn where_servers_differ_about_the_rule_nobody_gets_in() {
        let policy = AccessPolicy::parse(RESERVED).unwrap();
        for path in [
            "/flights//reserved",
            "//flights/reserved",
            "/flights/reserved;a",
            "/flights/reserved//",
            "/flights/RESERVED",
            "/flights/reserved.json",
            "/flights/%2572eserved",
            "/flights/reserved%3Bx",
            "/flights/reserved%20",
            "/flights/./reserved",
            "/flights/x/../reserved",
            "/flights/reserved%ff",
            "/Flights/7",
        ] {
            let error = policy.requirement(&Method::GET, path).unwrap_err();
            assert_eq!(error.problem().code(), Code::UnsafePath, "{path}");
        }
        let get = Method::from_bytes(b"get").unwrap();
        assert!(policy.requirement(&get, "/flights/7").is_err());
        assert_eq!(policy.requirement(&get, "/bookings"), Ok(&role("staff")));
    }
}
