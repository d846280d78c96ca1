//! Which handler a request is for.

use http::{HeaderValue, Method, header};

use super::{Code, HttpError, Problem};

/// The routes of one component: method, pattern and what to call. A segment `:name` of a pattern stands for any one
/// non-empty segment. GET routes answer HEAD too (the server drops the body).
///
/// ```
/// # use jetway_gateway::http::Routes;
/// #[derive(Clone, Copy)]
/// enum Endpoint { ListUsers, ShowUser }
/// const ROUTES: Routes<Endpoint> = Routes(&[
///     ("GET", "/api/v1/users", Endpoint::ListUsers),
///     ("GET", "/api/v1/users/:id", Endpoint::ShowUser),
/// ]);
/// let found = ROUTES.find(&http::Method::GET, "/api/v1/users/7").unwrap();
/// assert!(matches!(found.endpoint, Endpoint::ShowUser));
/// assert_eq!(found.parameter("id"), "7");
/// ```
pub struct Routes<E: 'static>(pub &'static [(&'static str, &'static str, E)]);

/// The route of a request.
#[derive(Debug)]
pub struct Found<E> {
    /// What to call.
    pub endpoint: E,
    parameters: Vec<(&'static str, String)>,
}

impl<E> Found<E> {
    /// The segment of the path that stands for `:name`, percent-decoded; empty where the pattern has no such segment.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }
}

impl<E: Copy> Routes<E> {
    /// The route for this request, or what to answer: 405 with `Allow` where another method would do, else
    /// 404.
    pub fn find(&self, method: &Method, path: &str) -> Result<Found<E>, HttpError> {
        let mut allowed: Vec<&'static str> = Vec::new();
        for &(route_method, pattern, endpoint) in self.0 {
            let Some(parameters) = match_pattern(pattern, path) else {
                continue;
            };
            if method == route_method || (method == Method::HEAD && route_method == "GET") {
                return Ok(Found { endpoint, parameters });
            }
            allowed.push(route_method);
            if route_method == "GET" {
                allowed.push("HEAD");
            }
        }
        Err(if allowed.is_empty() {
            Problem::not_found()
        } else {
            method_not_allowed(&allowed)
        }
        .into())
    }
}

fn method_not_allowed(allowed: &[&str]) -> Problem {
    let allowed = allowed.join(", ");
    let problem = Problem::new(Code::MethodNotAllowed, format!("This path takes {allowed}."));
    match HeaderValue::from_str(&allowed) {
        Ok(value) => problem.with_header(header::ALLOW, value),
        Err(_) => problem,
    }
}

fn match_pattern(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected.strip_prefix(':') {
            Some(_) if segment.is_empty() => return None,
            Some(name) => parameters.push((name, percent_decode(segment)?)),
            None if segment == expected => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(parameters)
}

/// The text that a segment stands for; `None` where an escape is broken or the result is not UTF-8.
fn percent_decode(segment: &str) -> Option<String> {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .filter(|_| escapes_are_whole(segment))
        .map(std::borrow::Cow::into_owned)
}

fn escapes_are_whole(segment: &str) -> bool {
    segment.split('%').skip(1).all(|rest| {
        let bytes = rest.as_bytes();
        bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: Routes<u8> = Routes(&[
        ("GET", "/users", 1),
        ("POST", "/users", 2),
        ("DELETE", "/users/:id/roles/:name", 3),
        ("POST", "/signin", 4),
    ]);

    fn endpoint(method: Method, path: &str) -> Option<u8> {
        ROUTES.find(&method, path).ok().map(|found| found.endpoint)
    }

    #[test]
    fn method_and_path_choose_the_endpoint() {
        assert_eq!(endpoint(Method::GET, "/users"), Some(1));
        assert_eq!(endpoint(Method::HEAD, "/users"), Some(1));
        assert_eq!(endpoint(Method::POST, "/users"), Some(2));
        assert_eq!(endpoint(Method::POST, "/signin"), Some(4));
    }

    #[test]
    fn parameters_are_decoded() {
        let found = ROUTES
            .find(&Method::DELETE, "/users/7/roles/night%20crew")
            .unwrap();
        assert_eq!(
            (found.parameter("id"), found.parameter("name")),
            ("7", "night crew")
        );
        assert_eq!(found.parameter("other"), "");
    }

    #[test]
    fn a_known_path_with_another_method_is_405_with_every_method_that_it_takes() {
        let problem = ROUTES.find(&Method::PUT, "/users").unwrap_err().into_problem();
        assert_eq!(problem.code(), Code::MethodNotAllowed);
        let response = problem.into_response(&crate::http::RequestId::for_test("r"));
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD, POST");
        assert_eq!(
            ROUTES
                .find(&Method::HEAD, "/signin")
                .unwrap_err()
                .problem()
                .code(),
            Code::MethodNotAllowed
        );
    }

    #[test]
    fn anything_else_is_404() {
        for path in [
            "/",
            "/user",
            "/users/",
            "/users/7",
            "/users//roles/x",
            "/users/7/roles/%",
            "/users/7/roles/%ff",
            "//users",
        ] {
            assert_eq!(
                ROUTES.find(&Method::DELETE, path).unwrap_err().problem().code(),
                Code::NotFound,
                "{path}"
            );
        }
    }
}
