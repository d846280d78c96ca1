//! `Max-Forwards` (RFC 9110, section 7.6.2): how far a TRACE or an OPTIONS may go, and the answer where it ends with us.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};

use crate::http::{Code, HttpError, Response};

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
        if request.method() != Method::TRACE && request.method() != Method::OPTIONS {
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

/// The answer of the final recipient: what we take, to OPTIONS; what we received, to TRACE.
pub fn final_answer<B>(request: &Request<B>) -> Response {
    if request.method() == Method::TRACE {
        return reflection(request);
    }
    let mut response = crate::http::no_content();
    response.headers_mut().insert(
        header::ALLOW,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"),
    );
    response
}

/// The request as it came, without what is secret (RFC 9110, section 9.3.8): a script that could read its own credentials
/// out of an answer could take them away.
fn reflection<B>(request: &Request<B>) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut message = format!("TRACE {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in request.headers().iter().filter(|(name, _)| is_public(name)) {
        message.extend_from_slice(name.as_str().as_bytes());
        message.extend_from_slice(b": ");
        message.extend_from_slice(value.as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"\r\n");
    let mut response = Response::new(message.into());
    *response.status_mut() = StatusCode::OK;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("message/http"));
    response
}

fn is_public(name: &HeaderName) -> bool {
    let name = name.as_str();
    let secret = matches!(name, "authorization" | "cookie" | "proxy-authorization");
    let of_the_gateway = ["spin-", "x-user-", "x-jetway-"];
    !secret && !of_the_gateway.iter().any(|prefix| name.starts_with(prefix))
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
        for method in ["TRACE", "OPTIONS"] {
            assert_eq!(of(method, &[]), Ok(MaxForwards::Unlimited));
            assert_eq!(of(method, &["0"]), Ok(MaxForwards::Spent));
            assert_eq!(of(method, &["00"]), Ok(MaxForwards::Spent));
            assert_eq!(of(method, &["1"]), Ok(MaxForwards::Left(0)));
            assert_eq!(of(method, &["10"]), Ok(MaxForwards::Left(9)));
            assert_eq!(
                of(method, &["99999999999999999999"]),
                Ok(MaxForwards::Left(u32::MAX))
            );
        }
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
            assert!(of("TRACE", values).is_err(), "{values:?}");
        }
    }

    #[test]
    fn a_trace_shows_what_came_and_no_secret() {
        let request = request(
            "TRACE",
            &[
                ("host", "gateway"),
                ("authorization", "Bearer t"),
                ("cookie", "a=1"),
                ("x-user-id", "7"),
                ("spin-client-addr", "192.0.2.7:1"),
                ("x-own", "1"),
            ],
        );
        let answer = final_answer(&request);
        assert_eq!(answer.headers()["content-type"], "message/http");
        assert_eq!(
            answer.body(),
            "TRACE /a?b HTTP/1.1\r\nhost: gateway\r\nx-own: 1\r\n\r\n"
        );
    }

    #[test]
    fn options_say_what_is_taken() {
        let answer = final_answer(&request("OPTIONS", &[]));
        assert_eq!(answer.status(), 204);
        assert!(answer.headers()["allow"].to_str().unwrap().contains("PATCH"));
    }

    proptest! {
        #[test]
        fn every_number_goes_down_by_one(steps in 1..=u32::MAX) {
            prop_assert_eq!(of("OPTIONS", &[&steps.to_string()]), Ok(MaxForwards::Left(steps - 1)));
        }

        #[test]
        fn nothing_else_is_taken_for_a_number(value in "[ -~]{0,12}") {
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(of("TRACE", &[&value]).is_ok(), is_number);
        }
    }
}
