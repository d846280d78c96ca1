//! Which HTTP trigger answers a path, as Spin decides it.
//!
//! The matching itself is `routefinder`'s, the crate that Spin matches with, so that the same manifest means the same:
//! an exact route before `:name` segments before a trailing wildcard, the longest first. A path is matched as it came;
//! `..`, `%2e` and `//` are not normalised.

use std::sync::Arc;

use crate::app::{HttpTrigger, Route};

/// Paths that the host answers itself.
pub const WELL_KNOWN_PREFIX: &str = "/.well-known/spin/";

/// The routes of an application.
#[derive(Debug)]
pub struct Router {
    finder: routefinder::Router<Arc<Endpoint>>,
    endpoints: Vec<Arc<Endpoint>>,
    duplicates: Vec<Duplicate>,
}

/// A route and what answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The trigger's id.
    pub trigger: String,
    /// The component's id.
    pub component: String,
    /// The route as the manifest has it.
    pub raw_route: String,
    /// The route without its last slash and with its first: what `spin-matched-route` says.
    pub based_route: String,
}

impl Endpoint {
    /// The route without a trailing `/...`: what `spin-component-route` says.
    #[must_use]
    pub fn raw_route_or_prefix(&self) -> &str {
        self.raw_route.strip_suffix("/...").unwrap_or(&self.raw_route)
    }
}

/// A route that two triggers have. The later one answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The route.
    pub route: String,
    /// The component that is never reached by it.
    pub replaced: String,
    /// The component that answers.
    pub effective: String,
}

/// A route that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route {route:?} of component `{component}` cannot be used: {reason}")]
pub struct Error {
    route: String,
    component: String,
    reason: String,
}

/// How a path was matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What answers it.
    pub endpoint: Arc<Endpoint>,
    /// The part that `/...` stands for, with its slashes: what `spin-path-info` says.
    pub trailing_wildcard: String,
    /// The segments that `:name`s stand for, in the order of the route: each a header `spin-path-match-<name>`.
    pub named_wildcards: Vec<(String, String)>,
}

impl Match {
    /// The match of a request within the application: whatever the path is, it reaches the component.
    #[must_use]
    pub fn chained(component: &str, path: &str) -> Self {
        let endpoint = Endpoint {
            trigger: String::new(),
            component: component.to_owned(),
            raw_route: "/...".into(),
            based_route: "/...".into(),
        };
        Self {
            endpoint: Arc::new(endpoint),
            trailing_wildcard: path.to_owned(),
            named_wildcards: Vec::new(),
        }
    }
}

impl Router {
    /// Builds the table of all routes that are not private.
    pub fn new<'a>(triggers: impl IntoIterator<Item = &'a HttpTrigger>) -> Result<Self, Error> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        let mut duplicates = Vec::new();
        for trigger in triggers {
            let Route::Path(route) = &trigger.route else {
                continue;
            };
            let endpoint = Endpoint {
                trigger: trigger.id.clone(),
                component: trigger.component.clone(),
                raw_route: route.clone(),
                based_route: based(route),
            };
            match endpoints
                .iter_mut()
                .find(|other| other.raw_route == endpoint.raw_route)
            {
                Some(other) => {
                    duplicates.push(Duplicate {
                        route: route.clone(),
                        replaced: other.component.clone(),
                        effective: endpoint.component.clone(),
                    });
                    *other = endpoint;
                }
                None => endpoints.push(endpoint),
            }
        }

        let endpoints: Vec<_> = endpoints.into_iter().map(Arc::new).collect();
        let mut finder = routefinder::Router::new();
        for endpoint in &endpoints {
            let error = |reason: String| Error {
                route: endpoint.raw_route.clone(),
                component: endpoint.component.clone(),
                reason,
            };
            let pattern = pattern(&endpoint.based_route).map_err(error)?;
            // A pattern that has been parsed is always added.
            finder
                .add(pattern, Arc::clone(endpoint))
                .map_err(|never| error(never.to_string()))?;
        }
        Ok(Self {
            finder,
            endpoints,
            duplicates,
        })
    }

    /// What answers `path`.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<Match> {
        let best = self.finder.best_match(path)?;
        let captures = best.captures();
        // The finder ignores a slash at the end; Spin hands it on.
        let trailing_wildcard = captures.wildcard().map(|wildcard| {
            let before = if wildcard.is_empty() { "" } else { "/" };
            let after = if path.ends_with('/') { "/" } else { "" };
            format!("{before}{wildcard}{after}")
        });
        Some(Match {
            endpoint: Arc::clone(best.handler()),
            trailing_wildcard: trailing_wildcard.unwrap_or_default(),
            named_wildcards: captures
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    /// The routes that can be reached, in the order of the manifest.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The routes that more than one trigger has.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }
}

/// Checks a route by itself.
pub(crate) fn check(route: &str) -> Result<(), String> {
    pattern(&based(route)).map(drop)
}

fn pattern(based_route: &str) -> Result<routefinder::RouteSpec, String> {
    if based_route.starts_with(WELL_KNOWN_PREFIX) {
        return Err(format!("paths under {WELL_KNOWN_PREFIX} are the host's own"));
    }
    match based_route.strip_suffix("/...") {
        Some(prefix) => format!("{prefix}/*").as_str().try_into(),
        None => based_route.try_into(),
    }
}

fn based(route: &str) -> String {
    let first = if route.starts_with('/') { "" } else { "/" };
    let based = format!("{first}{route}");
    match based.strip_suffix('/') {
        Some(without) => without.to_owned(),
        None => based,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A router whose components are named as their routes.
    fn router(routes: &[&str]) -> Router {
        Router::new(&triggers(routes)).unwrap()
    }

    fn triggers(routes: &[&str]) -> Vec<HttpTrigger> {
        let trigger = |(index, route): (usize, &&str)| HttpTrigger {
            id: format!("t{index}"),
            component: format!("c{index}"),
            route: Route::Path((*route).to_owned()),
        };
        routes.iter().enumerate().map(trigger).collect()
    }

    fn matched(routes: &[&str], path: &str) -> Option<String> {
        router(routes)
            .route(path)
            .map(|found| found.endpoint.raw_route.clone())
    }

    #[test]
    fn the_most_specific_route_answers_whatever_their_order() {
        let routes = [
            "/...",
            "/users/...",
            "/users/:id",
            "/users/me",
            "/users/:id/roles",
            "/a/b/...",
            "/a/...",
        ];
        let mut reversed = routes;
        reversed.reverse();
        for (path, expected) in [
            ("/", "/..."),
            ("/x", "/..."),
            ("/x/y/z", "/..."),
            ("/users", "/users/..."),
            ("/users/", "/users/..."),
            ("/users/me", "/users/me"),
            ("/users/7", "/users/:id"),
            ("/users/7/roles", "/users/:id/roles"),
            ("/users/7/x", "/users/..."),
            ("/a/b/c", "/a/b/..."),
            ("/a/c", "/a/..."),
            // Nothing is decoded or normalised.
            ("/users/%6de", "/users/:id"),
            ("/a/../users/me", "/a/..."),
        ] {
            assert_eq!(matched(&routes, path).as_deref(), Some(expected), "{path}");
            assert_eq!(
                matched(&reversed, path).as_deref(),
                Some(expected),
                "{path}, reversed"
            );
        }
    }

    #[test]
    fn an_exact_route_answers_its_own_path_only() {
        for (path, expected) in [
            ("/foo", true),
            ("/foo/", true),
            ("/foo/bar", false),
            ("/fo", false),
            ("/", false),
        ] {
            assert_eq!(matched(&["/foo"], path).is_some(), expected, "{path}");
        }
        assert!(matched(&["/"], "/").is_some());
        assert!(matched(&["/"], "/x").is_none());
    }

    #[test]
    fn the_trailing_wildcard_keeps_its_slashes() {
        let router = router(&["/test/..."]);
        for (path, expected) in [
            ("/test", ""),
            ("/test/", "/"),
            ("/test/hello", "/hello"),
            ("/test/a/b/", "/a/b/"),
        ] {
            assert_eq!(router.route(path).unwrap().trailing_wildcard, expected, "{path}");
        }
    }

    #[test]
    fn named_segments_are_captured() {
        let found = router(&["/1/:two/3/:four/..."]).route("/1/2/3/4/5").unwrap();
        let expected = [("two", "2"), ("four", "4")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(found.named_wildcards, expected);
        assert_eq!(found.trailing_wildcard, "/5");
    }

    #[test]
    fn the_headers_of_a_match_are_spins() {
        for (route, path, matched, component) in [
            ("/...", "/x", "/...", ""),
            ("/api/...", "/api/x", "/api/...", "/api"),
            ("/api/x", "/api/x", "/api/x", "/api/x"),
            ("/", "/", "", "/"),
            ("bare", "/bare", "/bare", "bare"),
        ] {
            let found = router(&[route]).route(path).unwrap();
            assert_eq!(found.endpoint.based_route, matched, "{route}");
            assert_eq!(found.endpoint.raw_route_or_prefix(), component, "{route}");
            assert_eq!(found.endpoint.raw_route, route);
        }
    }

    #[test]
    fn of_two_equal_routes_the_last_answers_and_the_first_is_reported() {
        let router = router(&["/a", "/b", "/a"]);
        assert_eq!(router.route("/a").unwrap().endpoint.component, "c2");
        let expected = Duplicate {
            route: "/a".into(),
            replaced: "c0".into(),
            effective: "c2".into(),
        };
        assert_eq!(router.duplicates(), [expected]);
        assert_eq!(router.endpoints().len(), 2);
    }

    #[test]
    fn private_triggers_have_no_path() {
        let mut all = triggers(&["/a", "/b"]);
        all[1].route = Route::Private;
        let router = Router::new(&all).unwrap();
        assert!(router.route("/b").is_none());
        assert_eq!(router.endpoints().len(), 1);
    }

    #[test]
    fn the_hosts_own_paths_cannot_be_taken() {
        let error = Router::new(&triggers(&["/.well-known/spin/health"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the route \"/.well-known/spin/health\" of component `c0` cannot be used: paths under \
             /.well-known/spin/ are the host's own"
        );
        assert!(Router::new(&triggers(&["/.well-known/jwks.json"])).is_ok());
    }
}
