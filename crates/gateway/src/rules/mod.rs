//! Rules about requests as text in a variable, one a line, of which the first that matches counts.
//!
//! Both the rate limits and the access policy are written so: `METHODS ROUTE ...`. METHODS is `*` or names with commas
//! between; ROUTE is a path of which a segment `:name` stands for any one segment and a last segment `...` for any that
//! follow, or none. Empty lines and lines that start with `#` say nothing.
//!
//! A request is compared in every way in which a server may read its method and path ([`Target`]); what is to be done where
//! the readings fall under different rules is for the limits and the policy to say.

mod reading;

use std::fmt::Display;

use http::Method;

pub use reading::{Reading, Target};

/// Which requests a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPattern {
    /// `None` for any.
    methods: Option<Vec<Method>>,
    segments: Vec<Segment>,
    /// Whether anything may follow the segments.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
}

/// A rule that cannot be understood. It quotes nothing: what stands in a variable is not for everyone to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has a bad rule in line {line}: {reason}")]
pub struct InvalidRule {
    line: usize,
    reason: String,
}

impl RequestPattern {
    /// Reads METHODS and ROUTE.
    pub fn parse(methods: &str, route: &str) -> Result<Self, &'static str> {
        let methods = match methods {
            "*" => None,
            names => Some(names.split(',').map(parse_method).collect::<Result<_, _>>()?),
        };
        let path = route.strip_prefix('/').ok_or("the route does not start with /")?;
        let (path, open) = match path.strip_suffix("...") {
            Some("") => {
                return Ok(Self {
                    methods,
                    segments: Vec::new(),
                    open: true,
                });
            }
            Some(before) => (
                before
                    .strip_suffix('/')
                    .ok_or("`...` is not a segment of its own")?,
                true,
            ),
            None => (path, false),
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments = if path.is_empty() {
            Vec::new()
        } else {
            path.split('/').map(Segment::parse).collect::<Result<_, _>>()?
        };
        Ok(Self {
            methods,
            segments,
            open,
        })
    }

    /// Whether the rule is for this reading of a request.
    pub fn matches(&self, method: &Method, path: Reading<'_>) -> bool {
        let method_fits = self
            .methods
            .as_ref()
            .is_none_or(|methods| methods.contains(method));
        method_fits && self.matches_path(path)
    }

    fn matches_path(&self, path: Reading<'_>) -> bool {
        let mut left = path.segments();
        for segment in &self.segments {
            let fits = match (segment, left.next()) {
                (Segment::Literal(expected), Some(found)) => path.is(found, expected),
                (Segment::Any, Some(found)) => !found.is_empty(),
                (_, None) => false,
            };
            if !fits {
                return false;
            }
        }
        self.open || left.next().is_none()
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix(':') {
            Some("") => Err("a `:` in the route has no name"),
            Some(_) => Ok(Self::Any),
            None if text.contains("...") || text.contains('*') => {
                Err("`...` stands only at the end of a route")
            }
            None => Ok(Self::Literal(reading::decoded(text).into_owned())),
        }
    }
}

fn parse_method(name: &str) -> Result<Method, &'static str> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_name {
        return Err("the methods are not `*` or names such as GET,HEAD");
    }
    Method::from_bytes(name.as_bytes()).map_err(|_| "an unknown method")
}

/// Reads every rule of a variable: `METHODS ROUTE` here, and the rest of the line with `rest`.
pub fn parse<T, E: Display>(
    text: &str,
    rest: impl Fn(RequestPattern, &str) -> Result<T, E>,
) -> Result<Vec<T>, InvalidRule> {
    let mut rules = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let invalid = |reason: String| InvalidRule {
            line: index + 1,
            reason,
        };
        let Some((methods, route, remainder)) = three_parts(line) else {
            return Err(invalid("it has fewer than three parts".to_owned()));
        };
        let pattern = RequestPattern::parse(methods, route).map_err(|reason| invalid(reason.to_owned()))?;
        rules.push(rest(pattern, remainder).map_err(|reason| invalid(reason.to_string()))?);
    }
    Ok(rules)
}

fn three_parts(line: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = line.split_once(char::is_whitespace)?;
    let (second, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    Some((first, second, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the standard reads the path.
    fn matches(methods: &str, route: &str, method: Method, path: &str) -> bool {
        let pattern = RequestPattern::parse(methods, route).unwrap();
        let target = Target::of(&method, path);
        let (method, reading) = target.readings().next().unwrap();
        pattern.matches(method, reading)
    }

    /// As any server may.
    fn may_match(route: &str, path: &str) -> bool {
        let pattern = RequestPattern::parse("GET", route).unwrap();
        let target = Target::of(&Method::GET, path);
        target
            .readings()
            .any(|(method, reading)| pattern.matches(method, reading))
    }

    #[test]
    fn an_open_route_matches_its_stem_and_all_below() {
        for path in ["/flights", "/flights/", "/flights/7", "/flights/7/seats"] {
            assert!(matches("*", "/flights/...", Method::GET, path), "{path}");
        }
        for path in ["/", "/flight", "/flightsx", "/x/flights", ""] {
            assert!(!matches("*", "/flights/...", Method::GET, path), "{path}");
        }
        assert!(matches("*", "/...", Method::GET, "/anything/at/all"));
    }

    #[test]
    fn an_exact_route_matches_itself_alone() {
        // RFC 3986, section 6.2.2: an escaped letter is that letter.
        for path in ["/signin", "/signin/", "/%73ignin", "/sign%69n/"] {
            assert!(matches("*", "/signin", Method::POST, path), "{path}");
        }
        for path in ["/signin//", "/signin/x", "/Signin", "//signin", "/signin;x"] {
            assert!(!matches("*", "/signin", Method::POST, path), "{path}");
        }
    }

    #[test]
    fn a_path_is_read_in_every_way_that_a_server_may_read_it() {
        for path in [
            "//a/reserved",
            "/a//reserved",
            "/a///reserved//",
            "/a;x=1/reserved",
            "/a/reserved;a",
            "/a/reserved%3Ba=1",
            "/a/reserved%3Fq",
            "/a/reserved%23q/x",
            "/A/Reserved",
            "/a/RE%53ERVED",
            "/a/%2572eserved",
            "/a/re%2573erved%253Bx",
            "/a/reserved.json",
            "/a/reserved.",
            "/a/reserved%20",
            "/a/%20reserved%20./",
            "/a//RESERVED.JSON;v=1/",
            "/a/./reserved",
            "/a/x/../reserved",
            "/a/x/..;y/reserved",
            "/a%2Freserved",
            "/a/x%252f..%5creserved",
            "/a\\reserved",
            "/a/re\u{17f}erved",
            "/a/%ef%bd%92eserved",
        ] {
            assert!(may_match("/a/reserved", path), "{path}");
            assert!(may_match("/A/RESERVED", path), "{path}");
            assert!(may_match("/a/re%73erved/", path), "{path}");
        }
        for path in [
            "/a/reserve",
            "/a/b/reserved",
            "/a/reserved/x",
            "/areserved",
            "/a/reserved-json",
        ] {
            assert!(!may_match("/a/reserved", path), "{path}");
        }
    }

    #[test]
    fn a_name_stands_for_one_segment() {
        assert!(matches("*", "/users/:id/roles", Method::GET, "/users/7/roles"));
        for path in ["/users//roles", "/users/7/8/roles", "/users/roles"] {
            assert!(!matches("*", "/users/:id/roles", Method::GET, path), "{path}");
        }
    }

    #[test]
    fn methods_are_those_named() {
        assert!(matches("GET,HEAD", "/x", Method::HEAD, "/x"));
        assert!(!matches("GET,HEAD", "/x", Method::POST, "/x"));
        assert!(matches("*", "/x", Method::from_bytes(b"PURGE").unwrap(), "/x"));
    }

    #[test]
    fn a_bad_rule_is_refused_with_its_line() {
        for rule in [
            "GET",
            "GET /x",
            "get /x y",
            "GET, /x y",
            "GET x y",
            "* /x... y",
            "* /.../x y",
            "* /: y",
            "* /* y",
        ] {
            let error = parse(&format!("# comment\n\n{rule}"), |_, rest| {
                Ok::<_, String>(rest.len())
            })
            .unwrap_err();
            assert!(error.to_string().contains("line 3"), "{rule}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(rules in "[ /.:*,A-Za-z\n]{0,60}", path in ".{0,30}") {
            if let Ok(patterns) = parse(&rules, |pattern, _| Ok::<_, String>(pattern)) {
                let target = Target::of(&Method::GET, &path);
                for pattern in patterns {
                    target.readings().any(|(method, path)| pattern.matches(method, path));
                }
            }
        }

        #[test]
        fn an_open_route_matches_whatever_follows(rest in "[^\n]{0,30}") {
            let path = format!("/a/b/{rest}");
            prop_assert!(matches("*", "/a/b/...", Method::GET, &path));
        }
    }
}
