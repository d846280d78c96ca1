//! What becomes of a request.

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use jetway_gateway::client::{Approach, Client};
use jetway_gateway::http::{Code, HttpError, Problem, RequestId, Response, Routes};
use jetway_gateway::ports::Entropy;
use jetway_gateway::proxy::{
    Hop, MaxForwards, OwnAddress, TraceContext, check_loop, check_method, check_path, final_answer,
    may_be_sent_again, request_headers,
};

/// What is to be done.
#[derive(Debug)]
pub enum Plan {
    /// Answer this, because the request was to go no further.
    Answer(Response),
    /// Send this to a service.
    Forward(Box<Outbound>),
}

/// The services behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The flight service.
    Flights,
    /// The booking service.
    Bookings,
}

/// The head of the request to a service.
#[derive(Debug)]
pub struct Outbound {
    /// Its method, the client's.
    pub method: Method,
    /// Which service.
    pub destination: Destination,
    /// Path and query, the client's.
    pub path: Option<PathAndQuery>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Whether the client's body goes with it.
    pub body: BodyOf,
    /// Under which address the client reached us.
    pub own: OwnAddress,
}

/// Whose body a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyOf {
    /// The client's.
    Sender,
    /// None.
    Nothing,
    /// The client's, if there is one.
    Unknown,
}

impl Outbound {
    /// Takes note of whether there is a body whose length was not said. A request is never sent as another one than it was: one
    /// that cannot go on with its body is refused.
    pub fn settle(&mut self, is_there: bool) -> Result<(), HttpError> {
        if !is_there {
            self.body = BodyOf::Nothing;
            say_that_there_is_none(&self.method, &mut self.headers);
            return Ok(());
        }
        // Our host's client sends no chunks with these methods, and would leave the body out.
        if matches!(self.method, Method::GET | Method::HEAD) {
            return Err(HttpError::new(
                Code::LengthRequired,
                "Say the length of the body in Content-Length.",
            ));
        }
        self.body = BodyOf::Sender;
        Ok(())
    }

    /// Whether it may be sent a second time.
    pub fn may_be_sent_again(&self) -> bool {
        may_be_sent_again(&self.method, self.body != BodyOf::Nothing)
    }
}

const OWN: Routes<()> = Routes(&[("GET", "/internal/ready", ())]);

/// Whether this is the application's own question whether we are ready. No route leads here from outside.
pub fn is_private<B>(request: &Request<B>) -> Result<bool, HttpError> {
    let path = request.uri().path();
    if !path.starts_with("/internal/") {
        return Ok(false);
    }
    check_path(path)?;
    OWN.find(request.method(), path).map(|_| true)
}

/// Refuses what goes to no service, whoever sends it: methods that are about the way, requests that go in circles, paths that
/// the service could read as others than the access policy is asked about.
pub fn check(request: &Request<()>) -> Result<(), HttpError> {
    check_method(request.method())?;
    check_loop(request.headers())?;
    check_path(request.uri().path())
}

/// Decides what to do with a request that has passed.
pub fn plan(
    request: &Request<()>,
    client: &Client,
    approach: Approach<'_>,
    request_id: &RequestId,
    entropy: &impl Entropy,
) -> Result<Plan, HttpError> {
    let path = request.uri().path();
    check_path(path)?;
    let destination = destination_of(path).ok_or_else(Problem::not_found)?;
    let max_forwards = MaxForwards::of(request)?;
    if max_forwards == MaxForwards::Spent {
        return Ok(Plan::Answer(final_answer()));
    }
    let hop = Hop {
        client,
        approach,
        request_id,
        trace: &TraceContext::of_request(request.headers(), entropy),
    };
    let mut headers = request_headers(request.headers(), &hop);
    max_forwards.set(&mut headers);
    let body = body_of(request);
    if body == BodyOf::Nothing {
        say_that_there_is_none(request.method(), &mut headers);
    }
    Ok(Plan::Forward(Box::new(Outbound {
        method: request.method().clone(),
        destination,
        path: request.uri().path_and_query().cloned(),
        headers,
        body,
        own: approach.into(),
    })))
}

/// A request without a body says so, where its method might have one (RFC 9110, section 8.6): it would else be sent as one
/// whose body is empty chunks, which not every server takes.
fn say_that_there_is_none(method: &Method, headers: &mut HeaderMap) {
    if !matches!(*method, Method::GET | Method::HEAD) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

fn destination_of(path: &str) -> Option<Destination> {
    let services = [
        ("/api/v1/flights", Destination::Flights),
        ("/api/v1/bookings", Destination::Bookings),
    ];
    let is_below = |stem: &str| {
        path.strip_prefix(stem)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    services
        .into_iter()
        .find(|(stem, _)| is_below(stem))
        .map(|(_, destination)| destination)
}

/// Whether a body goes along. Where the request says no length, only reading tells ([`Outbound::settle`]): WASI shows neither
/// the framing of HTTP/1.1 nor the flags of HTTP/2.
fn body_of(request: &Request<()>) -> BodyOf {
    match request.headers().get(header::CONTENT_LENGTH) {
        Some(length) if length == "0" => BodyOf::Nothing,
        Some(_) => BodyOf::Sender,
        None => BodyOf::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use jetway_gateway::client;
    use jetway_gateway::test_support::CountingEntropy;

    use super::*;

    fn plan_of(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Plan, HttpError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://gateway:3001{target}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let settings = client::Settings::default();
        let client = Client::of_request(request.headers(), &settings);
        let approach = Approach::of(&request, &client, &settings);
        let id = RequestId::parse("r-1").unwrap();
        check(&request)?;
        plan(&request, &client, approach, &id, &CountingEntropy::default())
    }

    fn outbound(method: &str, target: &str, headers: &[(&str, &str)]) -> Outbound {
        match plan_of(method, target, headers).unwrap() {
            Plan::Forward(outbound) => *outbound,
            Plan::Answer(_) => panic!("{target} is not forwarded"),
        }
    }

    #[test]
    fn the_path_chooses_the_service_and_goes_on_unchanged() {
        for (target, destination) in [
            ("/api/v1/flights", Destination::Flights),
            ("/api/v1/flights/7/seats?class=Y&x=%2F", Destination::Flights),
            ("/api/v1/bookings/", Destination::Bookings),
        ] {
            let outbound = outbound("GET", target, &[]);
            assert_eq!(outbound.destination, destination, "{target}");
            assert_eq!(outbound.path.unwrap(), *target);
        }
    }

    #[test]
    fn other_paths_are_not_forwarded() {
        for path in ["/api/v1/flightsx", "/api/v1", "/", "/internal/x"] {
            let code = plan_of("GET", path, &[]).unwrap_err().problem().code();
            assert_eq!(code, Code::NotFound, "{path}");
        }
        let is_private = |path: &str| is_private(&Request::builder().uri(path).body(()).unwrap());
        assert!(is_private("/internal/ready").unwrap());
        assert!(!is_private("/api/v1/flights").unwrap());
        assert!(is_private("/internal/x").is_err());
    }

    #[test]
    fn an_ambiguous_path_is_refused_before_all_else() {
        for path in [
            "/api/v1/flights/../bookings",
            "/api/v1/flights/%2e%2e/bookings",
            "/internal/%2e%2e/x",
        ] {
            assert_eq!(
                plan_of("GET", path, &[]).unwrap_err().problem().code(),
                Code::UnsafePath,
                "{path}"
            );
        }
    }

    #[test]
    fn a_body_goes_along_where_there_may_be_one() {
        let of = |method, headers: &[_]| outbound(method, "/api/v1/flights", headers).body;
        for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE"] {
            assert_eq!(
                of(method, &[("content-length", "0")]),
                BodyOf::Nothing,
                "{method}"
            );
            assert_eq!(of(method, &[("content-length", "5")]), BodyOf::Sender, "{method}");
            assert_eq!(of(method, &[]), BodyOf::Unknown, "{method}");
        }
    }

    #[test]
    fn what_cannot_go_on_with_its_body_does_not_go_on_without() {
        let settled = |method, is_there| {
            let mut outbound = outbound(method, "/api/v1/flights", &[]);
            outbound
                .settle(is_there)
                .map_err(|error| error.problem().code())
                .map(|()| outbound)
        };
        for method in ["POST", "DELETE", "OPTIONS", "PROPFIND"] {
            assert_eq!(settled(method, true).unwrap().body, BodyOf::Sender, "{method}");
            let nothing = settled(method, false).unwrap();
            assert_eq!(nothing.body, BodyOf::Nothing, "{method}");
            assert_eq!(nothing.headers["content-length"], "0", "{method}");
        }
        for method in ["GET", "HEAD"] {
            assert_eq!(
                settled(method, true).unwrap_err(),
                Code::LengthRequired,
                "{method}"
            );
            let nothing = settled(method, false).unwrap();
            assert!(nothing.may_be_sent_again() && !nothing.headers.contains_key("content-length"));
        }
    }

    #[test]
    fn a_request_that_may_go_no_further_is_answered_here() {
        let plan = |steps| plan_of("OPTIONS", "/api/v1/flights", &[("max-forwards", steps)]);
        assert!(matches!(plan("0"), Ok(Plan::Answer(_))));
        assert_eq!(plan("x").unwrap_err().problem().code(), Code::BadRequest);
        let left = outbound("OPTIONS", "/api/v1/flights", &[("max-forwards", "3")]).headers;
        assert_eq!(left["max-forwards"], "2");
        let untouched = outbound("GET", "/api/v1/flights", &[("max-forwards", "0")]).headers;
        assert_eq!(untouched["max-forwards"], "0");
    }

    #[test]
    fn nothing_is_traced_and_there_are_no_tunnels() {
        for method in ["CONNECT", "TRACE"] {
            let error = plan_of(method, "/api/v1/flights", &[("max-forwards", "0")]).unwrap_err();
            assert_eq!(error.problem().code(), Code::MethodNotAllowed, "{method}");
        }
    }

    #[test]
    fn what_goes_round_and_round_is_refused() {
        let via = [("via", "1.1 jetway, 1.1 jetway, 1.1 jetway, 1.1 jetway")];
        let error = plan_of("GET", "/api/v1/flights", &via).unwrap_err();
        assert_eq!(error.problem().code(), Code::LoopDetected);
    }

    #[test]
    fn a_service_learns_where_the_request_came_in() {
        let headers = outbound("GET", "/api/v1/flights", &[("spin-client-addr", "192.0.2.7:1")]).headers;
        assert_eq!(headers["x-forwarded-for"], "192.0.2.7");
        assert_eq!(headers["x-forwarded-host"], "gateway:3001");
        assert_eq!(headers["x-request-id"], "r-1");
    }
}
