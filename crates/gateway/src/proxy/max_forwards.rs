//! `Max-Forwards` (RFC 9110, section 7.6.2): how far an OPTIONS may go, and the answer where it ends with us. A TRACE goes
//! nowhere, nor does a CONNECT.

use http::{HeaderMap, HeaderValue, Method, Request, header};

use crate::http::{Code, HttpError, Problem, Response};

/// What goes on to the services, as far as the gateway knows.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// Refuses the methods that are about the way instead of what is at its end. A TRACE would show a script what else goes along
/// with its request (RFC 9110, section 9.3.8), a tunnel would lead past everything that the gateway is for.
pub fn check_method(method: &Method) -> Result<(), HttpError> {
    // IIS takes TRACK for TRACE, and some servers take any case.
    let is_about_the_way = ["TRACE", "TRACK", "CONNECT"]
        .iter()
        .any(|name| method.as_str().eq_ignore_ascii_case(name));
    if is_about_the_way {
        let problem = Problem::new(
            Code::MethodNotAllowed,
            "The gateway traces nothing and opens no tunnels.",
        );
        return Err(problem.with_header(header::ALLOW, ALLOWED).into());
    }
    Ok(())
}

/// How far a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxForwards {
    /// As far as it likes: it says nothing, or has a method with which it means nothing.
    Unlimited,
    /// This many steps more.
    Left(u32),
    /// No further than here.
    Spent,
}

impl MaxForwards {
    /// Reads the header and takes our own step off. More steps than we can count are as many as we can count, as the RFC
    /// has it; what is no number is refused, because neither "no further" nor "as far as it likes" would be what was meant.
    pub fn of<B>(request: &Request<B>) -> Result<Self, HttpError> {
        if request.method() != Method::OPTIONS {
            return Ok(Self::Unlimited);
        }
        let mut values = request.headers().get_all(header::MAX_FORWARDS).iter();
        let Some(value) = values.next() else {
            return Ok(Self::Unlimited);
        };
        let digits = value.as_bytes();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        if !is_number || values.next().is_some() {
            return Err(HttpError::new(
                Code::BadRequest,
                "Send Max-Forwards once, as a whole number.",
            ));
        }
        let received = value.to_str().ok().and_then(|text| text.parse::<u32>().ok());
        Ok(match received {
            Some(0) => Self::Spent,
            Some(steps) => Self::Left(steps - 1),
            None => Self::Left(u32::MAX),
        })
    }

    /// Says to the next one what is left.
    pub fn set(self, headers: &mut HeaderMap) {
        if let Self::Left(steps) = self {
            headers.insert(header::MAX_FORWARDS, HeaderValue::from(steps));
        }
    }
}

/// The answer of the final recipient of an OPTIONS: what we take.
pub fn final_answer() -> Response {
    let mut response = crate::http::no_content();
    response.headers_mut().insert(header::ALLOW, ALLOWED);
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri("http://gateway/a?b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn of(method: &str, values: &[&str]) -> Result<MaxForwards, HttpError> {
        let headers: Vec<_> = values.iter().map(|value| ("max-forwards", *value)).collect();
        MaxForwards::of(&request(method, &headers))
    }

    #[test]
    fn a_step_is_taken_off_and_the_last_one_ends_here() {
        let of = |values: &[&str]| of("OPTIONS", values);
        assert_eq!(of(&[]), Ok(MaxForwards::Unlimited));
        assert_eq!(of(&["0"]), Ok(MaxForwards::Spent));
        assert_eq!(of(&["00"]), Ok(MaxForwards::Spent));
        assert_eq!(of(&["1"]), Ok(MaxForwards::Left(0)));
        assert_eq!(of(&["10"]), Ok(MaxForwards::Left(9)));
        assert_eq!(of(&["99999999999999999999"]), Ok(MaxForwards::Left(u32::MAX)));
        let mut headers = HeaderMap::new();
        MaxForwards::Left(9).set(&mut headers);
        assert_eq!(headers["max-forwards"], "9");
    }

    #[test]
    fn with_other_methods_it_means_nothing() {
        for value in ["0", "x", ""] {
            assert_eq!(of("GET", &[value]), Ok(MaxForwards::Unlimited));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for values in [
            &[""][..],
            &["-1"],
            &["+1"],
            &["1.5"],
            &["one"],
            &["1, 2"],
            &["1", "1"],
        ] {
            assert!(of("OPTIONS", values).is_err(), "{values:?}");
        }
    }

    #[test]
    fn options_say_what_is_taken() {
        let answer = final_answer();
        assert_eq!(answer.status(), 204);
        let allowed = answer.headers()["allow"].to_str().unwrap();
        assert!(allowed.contains("PATCH") && !allowed.contains("TRACE"));
    }

    #[test]
    fn nothing_is_traced_and_no_tunnel_opened() {
        for method in ["TRACE", "trace", "TRACK", "CONNECT"] {
            let error = check_method(&Method::from_bytes(method.as_bytes()).unwrap()).unwrap_err();
            assert_eq!(error.problem().code(), Code::MethodNotAllowed, "{method}");
            let response = error
                .into_problem()
                .into_response(&crate::http::RequestId::for_test("r-1"));
            assert_eq!(response.headers()["allow"], ALLOWED);
        }
        for method in ["GET", "OPTIONS", "PROPFIND", "TRACER"] {
            assert_eq!(
                check_method(&Method::from_bytes(method.as_bytes()).unwrap()),
                Ok(()),
                "{method}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_number_goes_down_by_one(steps in 1..=u32::MAX) {
            prop_assert_eq!(of("OPTIONS", &[&steps.to_string()]), Ok(MaxForwards::Left(steps - 1)));
        }

        #[test]
        fn nothing_else_is_taken_for_a_number(value in "[ -~]{0,12}") {
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(of("OPTIONS", &[&value]).is_ok(), is_number);
        }
    }
}
