//! Reading a JSON body, strictly.
//!
//! 400 (or 413, 415) is for what no reader should have to understand: another media type, too long, not UTF-8, not JSON,
//! nested deeper than any input of ours, or a key twice, which two parsers would understand differently. 422 is for JSON
//! that is not what the route takes; its `errors` name the place. An object takes no field that it does not know, so that
//! a misspelt one is noticed: the input types need no attribute for that.

mod input;
mod tree;

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use serde::de::DeserializeOwned;

use super::body::too_large;
use super::{Body, Code, HttpError, Problem, read_limited};

/// No JSON input of the gateway comes near it.
pub const MAX_BODY: usize = 64 * 1024;

/// Reads the body of a request as a `T`. `T` is a struct that derives `Deserialize`; every field that is not an
/// `Option` is needed, and unknown ones are refused.
pub async fn read<T: DeserializeOwned>(request: Request<impl Body>) -> Result<T, HttpError> {
    read_as(request, &["application/json"]).await
}

/// Reads the body as a `T` where there is one; `None` where nothing was sent, whatever was said of it.
pub async fn read_if_there<T: DeserializeOwned>(request: Request<impl Body>) -> Result<Option<T>, HttpError> {
    let (head, mut body) = request.into_parts();
    let body = read_limited(&mut body, MAX_BODY).await?;
    if body.is_empty() {
        return Ok(None);
    }
    read(Request::from_parts(head, body)).await.map(Some)
}

/// Reads the body of a PATCH as a `T`: a JSON merge patch (RFC 7396), which clients that do not know its media type send as JSON.
pub async fn read_patch<T: DeserializeOwned>(request: Request<impl Body>) -> Result<T, HttpError> {
    read_as(request, &["application/json", "application/merge-patch+json"]).await
}

async fn read_as<T: DeserializeOwned>(
    request: Request<impl Body>,
    media_types: &[&str],
) -> Result<T, HttpError> {
    parse(&read_bytes(request, media_types).await?)
}

/// Reads the body of a request of one of these media types, for whoever understands it by rules of its own.
pub async fn read_bytes(request: Request<impl Body>, media_types: &[&str]) -> Result<Vec<u8>, HttpError> {
    let (head, mut body) = request.into_parts();
    if head
        .headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(is_coded)
    {
        return Err(unsupported(
            "Send the body as it is, without a `content-encoding`.",
            header::ACCEPT_ENCODING,
            "identity",
        ));
    }
    if !is_one_of(media_types, &head.headers) {
        return Err(unsupported(
            "Send the body as `content-type: application/json`.",
            header::ACCEPT,
            &media_types.join(", "),
        ));
    }
    // A body that is said to be too long is refused before any of it is read.
    if declared_length(&head.headers).is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large(MAX_BODY));
    }
    read_limited(&mut body, MAX_BODY).await
}

/// The answer to what is not taken, with what is (RFC 9110, section 15.5.16).
fn unsupported(detail: &str, accepts: HeaderName, what: &str) -> HttpError {
    let problem = Problem::new(Code::UnsupportedMediaType, detail);
    match HeaderValue::from_str(what) {
        Ok(what) => problem.with_header(accepts, what).into(),
        Err(_) => problem.into(),
    }
}

/// Whether the content is coded (RFC 9110, section 8.4). `identity` is no coding.
fn is_coded(codings: &HeaderValue) -> bool {
    codings.to_str().map_or(true, |codings| {
        let mut codings = codings
            .split(',')
            .map(str::trim)
            .filter(|coding| !coding.is_empty());
        codings.any(|coding| !coding.eq_ignore_ascii_case("identity"))
    })
}

/// Understands a whole body as a `T`.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    let tree = tree::parse(body)?;
    input::into(tree).map_err(|error| HttpError::invalid(vec![error]))
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// One of these media types, alone or with parameters of which a charset, if any, is UTF-8 (RFC 8259, section 8.1).
fn is_one_of(media_types: &[&str], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    media_types
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::RequestId;
    use crate::test_support::block_on;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Input {
        email: String,
        password: String,
        age: Option<u8>,
    }

    fn read_as(content_type: Option<&str>, body: Vec<u8>) -> Result<Input, HttpError> {
        let mut request = Request::builder().header("content-length", body.len());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        block_on(read(request.body(body).unwrap()))
    }

    const GOOD: &str = r#"{"email":"a@b.c","password":"x"}"#;

    #[test]
    fn a_good_body_is_read() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            let input = read_as(Some(content_type), GOOD.into()).unwrap();
            assert_eq!(
                input,
                Input {
                    email: "a@b.c".into(),
                    password: "x".into(),
                    age: None
                }
            );
        }
    }

    #[test]
    fn a_coded_body_is_415_and_identity_is_none() {
        let read_with = |codings: &[&str]| {
            let mut request = Request::builder().header("content-type", "application/json");
            for coding in codings {
                request = request.header("content-encoding", *coding);
            }
            block_on(read::<Input>(request.body(Vec::from(GOOD)).unwrap()))
        };
        for codings in [
            &["gzip"][..],
            &["identity, br"],
            &["identity", "deflate"],
            &["x"],
            &["GZIP"],
        ] {
            let error = read_with(codings).unwrap_err();
            assert_eq!(error.problem().code(), Code::UnsupportedMediaType, "{codings:?}");
            let answer = error
                .into_problem()
                .into_response(&RequestId::parse("r-1").unwrap());
            assert_eq!(answer.headers()["accept-encoding"], "identity");
        }
        for codings in [&["identity"][..], &["Identity"], &[""], &[" , identity"]] {
            assert!(read_with(codings).is_ok(), "{codings:?}");
        }
    }

    #[test]
    fn another_media_type_is_415() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/jsonp"),
            Some("application/json; charset=latin1"),
        ] {
            let error = read_as(content_type, GOOD.into()).unwrap_err();
            assert_eq!(
                error.problem().code(),
                Code::UnsupportedMediaType,
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn a_body_said_to_be_too_long_is_refused_unread() {
        struct Untouchable;
        impl Body for Untouchable {
            async fn chunk(&mut self) -> Result<Option<Vec<u8>>, super::super::BodyError> {
                panic!("the body was read")
            }
        }
        let request = Request::builder()
            .header("content-type", "application/json")
            .header("content-length", MAX_BODY + 1)
            .body(Untouchable)
            .unwrap();
        let error = block_on(read::<Input>(request)).unwrap_err();
        assert_eq!(error.problem().code(), Code::BodyTooLarge);
    }

    #[test]
    fn a_body_of_64_kib_is_read_and_one_byte_more_is_413() {
        let fitting = format!("{}{}", GOOD, " ".repeat(MAX_BODY - GOOD.len()));
        assert!(read_as(Some("application/json"), fitting.clone().into()).is_ok());
        let request = Request::builder().header("content-type", "application/json");
        let chunked = request.body((fitting + " ").into_bytes()).unwrap();
        assert_eq!(
            block_on(read::<Input>(chunked)).unwrap_err().problem().code(),
            Code::BodyTooLarge
        );
    }

    fn code_of(body: impl AsRef<[u8]>) -> (&'static str, Option<String>) {
        let error = parse::<Input>(body.as_ref()).unwrap_err();
        let problem = serde_json::to_value(error.problem().errors()).unwrap();
        let first = problem.get(0).map(|first| {
            format!(
                "{} {}",
                first["code"].as_str().unwrap(),
                first["pointer"].as_str().unwrap_or("-")
            )
        });
        (error.problem().code().as_str(), first)
    }

    #[test]
    fn what_is_not_json_is_400() {
        let deep = "[".repeat(3000) + &"]".repeat(3000);
        let deep_object = "{\"a\":".repeat(3000);
        let bad: [&[u8]; 11] = [
            b"",
            b"{",
            b"nonsense",
            b"{}{}",
            b"{\"email\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
            b"{'email':1}",
            b"{\"a\":1,}",
            b"\"\\ud800\"",
            deep.as_bytes(),
            deep_object.as_bytes(),
        ];
        for body in bad {
            let name = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            assert_eq!(code_of(body), ("malformed_json", None), "{name}");
        }
    }

    #[test]
    fn a_key_twice_is_400_at_any_depth() {
        let duplicate = |pointer: &str| ("malformed_json", Some(format!("duplicate_key {pointer}")));
        assert_eq!(
            code_of(r#"{"email":"a","email":"b","password":"x"}"#),
            duplicate("/email")
        );
        assert_eq!(
            code_of(r#"{"x":[0,{"a/b":{"k":1,"\u006b":2}}]}"#),
            duplicate("/x/1/a~1b/k")
        );
    }

    #[test]
    fn json_that_is_not_the_input_is_422_and_says_where() {
        let invalid = |error: &str| ("invalid_request", Some(error.to_owned()));
        assert_eq!(code_of(r#"{"email":"a"}"#), invalid("missing_field /password"));
        assert_eq!(
            code_of(r#"{"email":"a","password":"x","admin":true}"#),
            invalid("unknown_field /admin")
        );
        assert_eq!(
            code_of(r#"{"email":1,"password":"x"}"#),
            invalid("wrong_type /email")
        );
        assert_eq!(
            code_of(r#"{"email":null,"password":"x"}"#),
            invalid("wrong_type /email")
        );
        assert_eq!(
            code_of(r#"{"email":"a","password":"x","age":300}"#),
            invalid("wrong_type /age")
        );
        assert_eq!(
            code_of(r#"{"email":"a","password":"x","age":"1"}"#),
            invalid("wrong_type /age")
        );
        assert_eq!(code_of("[]"), invalid("wrong_type "));
        assert_eq!(code_of(r#"["a","x",1]"#), invalid("wrong_type "));
        assert_eq!(code_of("null"), invalid("wrong_type "));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            let _ = parse::<Input>(&body);
        }

        #[test]
        fn what_serde_json_writes_is_read_back(email: String, password: String, age: Option<u8>) {
            let body = serde_json::json!({ "email": email, "password": password, "age": age }).to_string();
            proptest::prop_assert_eq!(parse::<Input>(body.as_bytes()).unwrap(), Input { email, password, age });
        }
    }
}
